package dev.tapestry.node.serving;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What strangers send to a model that is served, and what lies in a board's directory. */
public final class ServingReaders {

    private ServingReaders() {}

    /** A question of {@code /v1/chat/completions}. */
    public static void chat(byte[] bytes, Path scratch) {
        RequestReader.chat(bytes);
    }

    /** Examples. */
    public static List<byte[]> chatSeeds() {
        return seeds(
                "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}],"
                        + "\"stream\":true,\"stop\":[\"a\",\"b\"],\"seed\":7,\"temperature\":0.5,\"top_p\":0.9,\"max_tokens\":5,\"logprobs\":true,\"top_logprobs\":2}");
    }

    /** A text of {@code /v1/completions}. */
    public static void completion(byte[] bytes, Path scratch) {
        RequestReader.completion(bytes);
    }

    /** Examples. */
    public static List<byte[]> completionSeeds() {
        return seeds(
                "{\"model\":\"m\",\"prompt\":[\"once\"],\"logprobs\":3,\"n\":1,\"stop\":\"x\"}");
    }

    /** The board's last decision. */
    public static void board(byte[] bytes, Path scratch) throws IOException {
        Files.write(scratch.resolve(BoardState.FILE), bytes);
        BoardState.in(scratch, Optional.empty());
    }

    /** Examples. */
    public static List<byte[]> boardSeeds() {
        return seeds(
                "{\"at\":\"2026-11-27T12:00:00Z\",\"number\":3,\"paused\":true,\"say\":\"wait\"}");
    }

    private static List<byte[]> seeds(String text) {
        return List.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
