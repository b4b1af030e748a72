package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MemberId;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What one training gave.
 *
 * @param cell what was trained
 * @param commit of the program
 * @param threads of libtorch
 * @param device that it was trained on; the processors unless said
 * @param bitsPerByte on each member's held-out text
 * @param meanBitsPerByte over members
 * @param ownBitsPerByte of each member on its own text after its private steps, if it takes any
 * @param uploaded bytes of weights that one member sent
 * @param downloaded bytes of weights that one member received
 * @param parameters of the model
 * @param seconds that it took
 */
record CellResult(
        Cell cell,
        String commit,
        int threads,
        @LeftOutWhenEmpty Optional<String> device,
        SortedMap<MemberId, Double> bitsPerByte,
        double meanBitsPerByte,
        @LeftOutWhenEmpty Optional<SortedMap<MemberId, Double>> ownBitsPerByte,
        long uploaded,
        long downloaded,
        long parameters,
        double seconds)
        implements CellStore.Outcome<Cell> {

    /** Tokens that one member reads in a step. */
    long tokensPerStep() {
        return (long) cell.recipe().batchSequences() * Recipe.SEQUENCE;
    }
}
