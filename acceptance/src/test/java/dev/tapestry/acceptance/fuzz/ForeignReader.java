package dev.tapestry.acceptance.fuzz;

import dev.tapestry.consortium.Coded;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A reader of bytes that somebody else wrote.
 *
 * @param language what its good files are written in; readers of one language share a fuzzer
 * @param name in kebab-case, as in the table of {@code docs/threat-model.md}
 * @param refusal the one kind of exception with which it refuses, by simple name
 * @param reading reads, and checks that what was read is written back equal
 * @param seeds good bytes, from which bad ones are made
 */
record ForeignReader(Language language, String name, String refusal, Reading reading, Seeds seeds) {

    /** What bytes are written in. */
    enum Language {
        JSON,
        YAML,
        /**
         * Lines and blocks of text: notes, keys, certificates, and the proofs that go with them.
         */
        NOTES,
        SAFETENSORS,
        /** Parts that are compressed for their way. */
        ZSTD,
        /** Texts and their tokens. */
        TEXT
    }

    /** Reads bytes; files may be written into the scratch directory. */
    @FunctionalInterface
    interface Reading {
        void read(byte[] bytes, Path scratch) throws IOException;
    }

    /** Makes good bytes. */
    @FunctionalInterface
    interface Seeds {
        List<byte[]> in(Path scratch) throws IOException;
    }

    /**
     * Reads or refuses.
     *
     * @return the code of the refusal, {@code "READ"} if there was none
     * @throws IOException when the scratch directory cannot be written
     */
    String attempt(byte[] bytes, Path scratch) throws IOException {
        try {
            reading.read(bytes, scratch);
            return "READ";
        } catch (RuntimeException e) {
            if (!refusal.equals(e.getClass().getSimpleName())) {
                throw e;
            }
            return e instanceof Coded coded ? String.valueOf(coded.code()) : refusal;
        }
    }

    /** What was read must be what was written; otherwise a reader and its writer disagree. */
    static void requireEqual(Object read, Object again) {
        if (!read.equals(again)) {
            throw new IllegalStateException(
                    "read " + read + ", and from what was written " + again);
        }
    }
}
