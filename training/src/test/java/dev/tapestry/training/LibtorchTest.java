package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class LibtorchTest {

    /** More than any machine's memory: a thousand million million numbers. */
    @Test
    void wantOfMemoryIsAFailureWithACodeAndOneLine() {
        assertThatThrownBy(() ->
                        Libtorch.does(
                                "step 3",
                                () -> {
                                    try (PointerScope _ = new PointerScope()) {
                                        return torch.ones(1_000_000_000_000_000L).numel();
                                    }
                                }))
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(Code.ENGINE))
                .hasMessageStartingWith("step 3: libtorch failed: ")
                .hasMessageContaining("memory")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void otherFailuresStayWhatTheyAre() {
        IllegalStateException own = new IllegalStateException("not ready");
        assertThatThrownBy(() ->
                        Libtorch.does(
                                "step 3",
                                () -> {
                                    throw own;
                                }))
                .isSameAs(own);
    }
}
