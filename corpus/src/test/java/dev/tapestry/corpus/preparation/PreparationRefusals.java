package dev.tapestry.corpus.preparation;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Says that something is refused with a code and a reason. */
final class PreparationRefusals {

    private PreparationRefusals() {}

    static void assertRefused(ThrowingCallable call, Code code, String... reasons) {
        AbstractThrowableAssert<?, ? extends Throwable> refusal =
                assertThatThrownBy(call).isInstanceOf(CorpusException.class);
        refusal.extracting(e -> ((CorpusException) e).code()).isEqualTo(code);
        for (String reason : reasons) {
            refusal.hasMessageContaining(reason);
        }
    }
}
