package dev.tapestry.corpus;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.CorpusException.Code;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Says that something is refused with a code and a reason. */
final class Refusals {

    private Refusals() {}

    static void assertRefused(ThrowingCallable call, Code code, String... reasons) {
        assertThatThrownBy(call)
                .isInstanceOf(CorpusException.class)
                .extracting(e -> ((CorpusException) e).code())
                .isEqualTo(code);
        for (String reason : reasons) {
            assertThatThrownBy(call).hasMessageContaining(reason);
        }
    }
}
