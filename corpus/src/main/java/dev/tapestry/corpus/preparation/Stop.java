package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;

/** Ends the work where somebody asked for it. */
record Stop(StopHook hook) {

    void check() {
        if (hook.stopRequested() || Thread.currentThread().isInterrupted()) {
            throw new CorpusException(
                    Code.STOPPED, "stopped before the text was prepared; run it again");
        }
    }
}
