package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.RoundGateway.Fetched;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A box that comes back when its round has closed. */
class LateBoxTest {

    @TempDir Path directory;
    private ClosedSite site;
    private Stage stage;
    private DropBox box;

    @BeforeEach
    void setUp() throws IOException {
        site = new ClosedSite(directory);
        stage = site.stage;
        box = site.box;
    }

    @AfterEach
    void tearDown() {
        site.close();
    }

    @Test
    void a_result_that_comes_back_after_its_round_is_refused_and_the_next_is_fetched()
            throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(stage.coordinator.view().plan().orElseThrow(), next);
        assertThatThrownBy(site::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STALE_ROUND))
                .hasMessageContaining("fetch again");
        stage.coordinator.announce(Stage.plan(2, next), 2);
        assertThatThrownBy(site::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STALE_ROUND));
        assertThat(((Fetched.Ready) site.fetch()).before()).isFalse();
        assertThat(box.path().resolve("model.safetensors")).doesNotExist();
        site.compute().train();
        assertThat(site.submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.base()).isEqualTo(next));
    }

    @Test
    void what_comes_back_when_its_round_has_closed_is_kept_and_stands_in_a_later_one()
            throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        assertThat(site.submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isFalse();
                    assertThat(answer.comesAgain()).isTrue();
                    assertThat(answer.code()).contains("ROUND_CLOSED");
                });
        site.othersGoOn();
        assertThat(site.submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round()).isEqualTo(new RoundNumber(1)));
    }

    @Test
    void what_was_kept_is_brought_by_the_next_fetch_where_nobody_submits_it_again()
            throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        assertThat(site.submit().comesAgain()).isTrue();
        site.othersGoOn();
        assertThat(site.fetch())
                .isInstanceOfSatisfying(
                        Fetched.Nothing.class,
                        nothing -> assertThat(nothing.why()).contains("stands for helsinki"));
        assertThat(box.answered().orElseThrow().admitted()).isTrue();
        assertThat(stage.coordinator.contributions).hasSize(1);
    }

    @Test
    void a_fetch_does_not_clear_away_what_may_still_be_handed_in() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        site.othersGoOn();
        assertThat(site.fetch())
                .isInstanceOfSatisfying(
                        Fetched.Nothing.class,
                        nothing -> assertThat(nothing.why()).contains("submit it first"));
        assertThat(site.submit().admitted()).isTrue();
    }

    @Test
    void what_comes_later_than_the_charter_takes_it_is_refused_and_the_next_is_fetched()
            throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        site.othersGoOn();
        stage.coordinator.refuses = Optional.of(Finding.STALE_ROUND);
        assertThat(site.submit().code()).contains("STALE_ROUND");
        assertThat(site.fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> assertThat(ready.round()).isEqualTo(new RoundNumber(2)));
    }
}
