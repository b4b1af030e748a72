package dev.tapestry.training;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Texts side by side in rows, as few as a simple rule finds: the longest first, each into the first
 * row that has room (first fit, decreasing). A text never sees its neighbours: attention keeps to
 * its number, and its positions begin at 0.
 *
 * <p>A text of n ids takes n − 1 positions, each of which predicts the id after it.
 *
 * @param inputs ids, {@code [rows, length]}; 0 where there is no text
 * @param targets the ids that follow, as inputs
 * @param positions in the text, as inputs
 * @param texts the number of the text, as inputs; −1 where there is none
 * @param places where each text lies
 */
record PackedBatch(
        Tensor inputs, Tensor targets, Tensor positions, Tensor texts, List<Place> places) {

    /** The positions of a text in the batch, row by row: {@code [from, from + length)}. */
    record Place(int from, int length, ChatTokens text) {

        /** Whether the target of position {@code from + i} shall be learnt. */
        boolean learns(int i) {
            return text.learns(i + 1);
        }
    }

    /**
     * Packs texts, each of at least two ids.
     *
     * @param most positions of a row
     * @throws TrainingException {@code TOKEN_OUT_OF_RANGE}; {@code INVALID_PLAN} if a text is
     *     longer than a row
     */
    static PackedBatch of(List<ChatTokens> texts, int most, int vocabularySize) {
        int[] row = new int[texts.size()];
        int[] column = new int[texts.size()];
        List<Integer> filled = new ArrayList<>();
        for (int i : longestFirst(texts)) {
            int need = texts.get(i).length() - 1;
            if (need > most || need < 1) {
                throw new TrainingException(
                        Code.INVALID_PLAN,
                        "a text of %d tokens does not go into a sequence of %d: leave it out, or take longer sequences"
                                .formatted(need + 1, most));
            }
            int at = 0;
            while (at < filled.size() && filled.get(at) + need > most) {
                at++;
            }
            if (at == filled.size()) {
                filled.add(0);
            }
            row[i] = at;
            column[i] = filled.get(at);
            filled.set(at, column[i] + need);
        }
        int length = filled.stream().mapToInt(Integer::intValue).max().orElseThrow();
        return filled(texts, row, column, filled.size(), length, vocabularySize);
    }

    private static int[] longestFirst(List<ChatTokens> texts) {
        return IntStream.range(0, texts.size())
                .boxed()
                .sorted(Comparator.comparingInt((Integer i) -> -texts.get(i).length()))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static PackedBatch filled(
            List<ChatTokens> texts,
            int[] row,
            int[] column,
            int rows,
            int length,
            int vocabularySize) {
        long[] inputs = new long[Math.multiplyExact(rows, length)];
        long[] targets = new long[inputs.length];
        long[] positions = new long[inputs.length];
        long[] numbers = new long[inputs.length];
        Arrays.fill(numbers, -1);
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            long[] ids = Arrays.stream(texts.get(i).ids()).asLongStream().toArray();
            TokenBatch.check(ids, 0, vocabularySize);
            Place place = new Place(row[i] * length + column[i], ids.length - 1, texts.get(i));
            System.arraycopy(ids, 0, inputs, place.from(), place.length());
            System.arraycopy(ids, 1, targets, place.from(), place.length());
            for (int at = 0; at < place.length(); at++) {
                positions[place.from() + at] = at;
                numbers[place.from() + at] = i;
            }
            places.add(place);
        }
        return new PackedBatch(
                Tensor.create(inputs, rows, length),
                Tensor.create(targets, rows, length),
                Tensor.create(positions, rows, length),
                Tensor.create(numbers, rows, length),
                List.copyOf(places));
    }

    /** Positions of all rows together. */
    int size() {
        return Math.toIntExact(inputs.numel());
    }
}
