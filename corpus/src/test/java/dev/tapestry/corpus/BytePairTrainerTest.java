package dev.tapestry.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BytePairTrainerTest {

    @Test
    void the_most_frequent_pair_is_merged_first_and_ties_go_to_the_smaller_ids() {
        TrainedTokenizer trained = train(List.of("abab cdcd abab cdcd xx yy"), 260);
        assertThat(trained.merges())
                .containsExactly(
                        new TrainedTokenizer.Merge("a", "b"), new TrainedTokenizer.Merge("c", "d"));
    }

    @Test
    void incremental_counts_learn_what_counting_anew_each_time_learns() {
        List<String> texts = Europarl.every(900).stream().map(Europarl.Speech::body).toList();
        TrainedTokenizer trained = train(texts, 600);
        assertThat(trained.merges()).isEqualTo(countedAnew(texts, trained.merges().size()));
        assertThat(trained.vocabSize()).isEqualTo(600);
    }

    @Test
    void the_order_of_documents_does_not_matter() {
        List<String> texts =
                new ArrayList<>(Europarl.every(500).stream().map(Europarl.Speech::body).toList());
        byte[] once = train(texts, 700).tokenizerJson();
        Collections.shuffle(texts, new Random(3));
        assertThat(train(texts, 700).tokenizerJson()).isEqualTo(once);
    }

    @Test
    void little_text_gives_a_small_vocabulary_that_still_encodes_everything() {
        ByteLevelTokenizer tokenizer = train(List.of("aa aa"), 1000).tokenizer();
        assertThat(tokenizer.vocabSize()).isLessThan(265);
        assertThat(tokenizer.decode(tokenizer.encode("ἀρχή \u0000\n😀")))
                .isEqualTo("ἀρχή \u0000\n😀");
        assertThatThrownBy(() -> new BytePairTrainer(257)).hasMessageContaining("258");
    }

    @Test
    void long_runs_without_a_break_take_no_quadratic_time() {
        BytePairTrainer trainer = new BytePairTrainer(300);
        for (String run : List.of("a", " ", "中", "\n", "😀", "ab")) {
            trainer.add(run.repeat(100_000));
        }
        ByteLevelTokenizer tokenizer = trainer.train().tokenizer();
        for (String run : List.of("a", " ", "中", "\n", "😀", "ab", "é")) {
            String text = run.repeat(100_000);
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    private static TrainedTokenizer train(List<String> texts, int vocabSize) {
        BytePairTrainer trainer = new BytePairTrainer(vocabSize);
        texts.forEach(trainer::add);
        return trainer.train();
    }

    /** The definition, as slow as it is plain. */
    private static List<TrainedTokenizer.Merge> countedAnew(List<String> texts, int merges) {
        Map<String, Integer> ids = new HashMap<>();
        for (int c = 0; c < 512; c++) {
            if (ByteAlphabet.unsignedByte((char) c) >= 0) {
                ids.put(Character.toString(c), ids.size());
            }
        }
        List<List<String>> words = new ArrayList<>();
        texts.forEach(text ->
                PreTokenizer.llama3()
                        .split(
                                text,
                                word -> {
                                    List<String> symbols = new ArrayList<>();
                                    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
                                        symbols.add(
                                                Character.toString(
                                                        ByteAlphabet.character(b & 0xff)));
                                    }
                                    words.add(symbols);
                                }));
        List<TrainedTokenizer.Merge> learned = new ArrayList<>();
        while (learned.size() < merges) {
            Map<TrainedTokenizer.Merge, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(
                            new TrainedTokenizer.Merge(word.get(i), word.get(i + 1)),
                            1,
                            Integer::sum);
                }
            }
            TrainedTokenizer.Merge best =
                    Collections.max(
                            counts.keySet(),
                            Comparator.comparingInt(
                                            (TrainedTokenizer.Merge m) -> counts.getOrDefault(m, 0))
                                    .thenComparingInt(m -> -ids.getOrDefault(m.left(), 0))
                                    .thenComparingInt(m -> -ids.getOrDefault(m.right(), 0)));
            learned.add(best);
            ids.putIfAbsent(best.left() + best.right(), ids.size());
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(best.left()) && word.get(i + 1).equals(best.right())) {
                        word.set(i, best.left() + best.right());
                        word.remove(i + 1);
                    }
                }
            }
        }
        return learned;
    }
}
