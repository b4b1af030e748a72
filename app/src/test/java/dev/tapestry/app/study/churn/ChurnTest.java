package dev.tapestry.app.study.churn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.study.churn.ChurnReport.Row;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/**
 * A hundred members, a third of whom come and go. A life that breaks a rule, stands still or loses
 * a contribution throws; {@code tapestry study churn} lives thousands of them.
 */
final class ChurnTest {

    private static final ChurnSettings SETTINGS =
            new ChurnSettings(
                    100,
                    0.3,
                    6,
                    Duration.ofHours(1),
                    0.7,
                    Duration.ofHours(2),
                    Duration.ofHours(6));

    private static Row row(StragglerRule rule) {
        return Row.of(
                rule,
                LongStream.range(0, 8)
                        .mapToObj(seed -> new ChurnConsortium(SETTINGS, rule, seed).live())
                        .toList());
    }

    @ParameterizedTest
    @EnumSource
    void every_run_publishes_its_bases_and_the_influence_cap_holds(StragglerRule rule) {
        Row row = row(rule);
        assertThat(row.complete()).isEqualTo(1);
        assertThat(row.largestWeight()).isLessThanOrEqualTo(0.1);
        assertThat(row.mostStale()).isLessThanOrEqualTo(20);
    }

    @Test
    void what_a_charter_takes_late_is_not_refused_and_leases_and_buffers_save_time() {
        Row drop = row(StragglerRule.DROP);
        Row carry = row(StragglerRule.CARRY);
        Row lease = row(StragglerRule.LEASE);
        Row asynchronous = row(StragglerRule.ASYNCHRONOUS);
        assertThat(share(drop, Fate.REFUSED)).isPositive();
        assertThat(share(carry, Fate.REFUSED)).isLessThan(share(drop, Fate.REFUSED) / 10);
        assertThat(share(carry, Fate.LATE)).isPositive();
        assertThat(lease.hoursPerBase().median()).isLessThan(carry.hoursPerBase().median());
        assertThat(asynchronous.hoursPerBase().longest()).isLessThan(lease.hoursPerBase().median());
        assertThat(asynchronous.fastIdle()).isLessThan(drop.fastIdle());
    }

    @Test
    void the_same_seed_gives_the_same_life() {
        List<ChurnOutcome> lives =
                LongStream.of(5, 5, 6)
                        .mapToObj(seed ->
                                new ChurnConsortium(SETTINGS, StragglerRule.LEASE, seed).live())
                        .toList();
        assertThat(lives.get(0)).isEqualTo(lives.get(1)).isNotEqualTo(lives.get(2));
    }

    @Test
    void the_command_prints_a_table_and_json_and_refuses_what_makes_no_sense() {
        assertThat(run("--members", "8", "--seeds", "2", "--rounds", "2"))
                .contains("| asynchronous | 100.0 %");
        assertThat(run("--members", "8", "--seeds", "2", "--rounds", "2", "--json"))
                .startsWith("{\"firstSeed\":1,");
        assertThat(run("--flapping", "1.5")).contains("flapping is 0 to 1");
    }

    private static double share(Row row, Fate fate) {
        return row.shares().getOrDefault(fate, 0.0);
    }

    private static String run(String... options) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status =
                new CommandLine(new ChurnCommand())
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err))
                        .execute(options);
        return status == 0 ? out.toString() : err.toString();
    }
}
