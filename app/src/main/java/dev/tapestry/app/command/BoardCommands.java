package dev.tapestry.app.command;

import dev.tapestry.node.serving.BoardState;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a review board decides about a model that is served. */
@Command(
        name = "board",
        description = "Pause a model that is served, and let it answer again.",
        footer = {"", "Example:", "  tapestry board pause board --say 'We are looking into it.'"})
final class BoardCommands extends CommandGroup {

    /**
     * What {@code board … --json} prints.
     *
     * @param paused whether the model may not answer
     * @param number of the decision
     * @param at when
     * @param say words for people
     * @param key that the decision is signed with, if any
     */
    record Decision(boolean paused, long number, String at, String say, Optional<String> key) {

        static Decision of(BoardState state, Optional<VerifyingKey> key) {
            return new Decision(
                    state.paused(),
                    state.number(),
                    state.at(),
                    state.say(),
                    key.map(VerifyingKey::value));
        }
    }

    @Command(
            name = "pause",
            description = {
                "Let the model answer no more: servers that follow DIR end what they are saying"
                        + " within two seconds.",
                "It stays so when they are started again."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry board pause board",
                "  tapestry board pause board --key board.key --say 'We are looking into it.'"
            })
    int pause(
            @Parameters(paramLabel = "DIR", description = "Of the board's decisions.")
                    Path directory,
            @Option(
                            names = "--key",
                            paramLabel = "FILE",
                            description =
                                    "Sign with the key in FILE, which is made if there is none.")
                    @Nullable Path key,
            @Option(
                            names = "--say",
                            paramLabel = "WORDS",
                            defaultValue = "",
                            description = "What people read meanwhile.")
                    String words,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        return decide(directory, true, words, key, json);
    }

    @Command(
            name = "resume",
            description = "Let the model answer again.",
            footer = {"", "Example:", "  tapestry board resume board --key board.key"})
    int resume(
            @Parameters(paramLabel = "DIR", description = "Of the board's decisions.")
                    Path directory,
            @Option(
                            names = "--key",
                            paramLabel = "FILE",
                            description = "Sign with the key in FILE.")
                    @Nullable Path key,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        return decide(directory, false, "", key, json);
    }

    @Command(
            name = "status",
            description = "Say what the board has decided last.",
            footer = {"", "Example:", "  tapestry board status board"})
    int status(
            @Parameters(paramLabel = "DIR", description = "Of the board's decisions.")
                    Path directory,
            @Option(
                            names = "--board-key",
                            paramLabel = "KEY",
                            description = "The board's public key, if it has one.")
                    @Nullable String boardKey,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Optional<VerifyingKey> key = Optional.ofNullable(boardKey).map(VerifyingKey::new);
        BoardState state =
                BoardState.in(directory, key)
                        .orElseThrow(() ->
                                new CommandException(
                                        "%s holds no decision yet: models that follow it answer"
                                                .formatted(directory)));
        tell(state, key, json);
        return 0;
    }

    private int decide(
            Path directory, boolean paused, String words, @Nullable Path file, boolean json) {
        Optional<SigningKey> key = Optional.ofNullable(file).map(SigningKey::loadOrCreate);
        BoardState state = BoardState.decide(directory, paused, words, Instant.now(), key);
        tell(state, key.map(SigningKey::verifyingKey), json);
        return 0;
    }

    private void tell(BoardState state, Optional<VerifyingKey> key, boolean json) {
        answer(
                json,
                Decision.of(state, key),
                "%s since %s (decision %d)%s",
                state.paused() ? "paused" : "answering",
                state.at(),
                state.number(),
                key.map(signer -> "; servers follow it with --board-key " + signer).orElse(""));
    }
}
