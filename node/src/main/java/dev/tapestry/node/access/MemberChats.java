package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.Document;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.ChatReader;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.JudgedAnswer;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.corpus.chat.ReadLines;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Conversations and preferences of the member: a directory of JSON Lines with its card, which is
 * asked before a line is read. What answers the same first question is held out together.
 */
public final class MemberChats {

    private final CorpusReader corpus;
    private final Path directory;
    private final HeldOutSplit split;
    private final Predicate<String> isProtected;

    private MemberChats(
            CorpusReader corpus,
            Path directory,
            HeldOutSplit split,
            Predicate<String> isProtected) {
        this.corpus = corpus;
        this.directory = directory;
        this.split = split;
        this.isProtected = isProtected;
    }

    /**
     * What was read.
     *
     * @param train to learn from
     * @param heldOut to be scored on
     * @param refused lines that were skipped
     * @param leftOut what could have been read and was not
     * @param content digest of the files
     * @param leftOutContent digest of the files and of which lines touched what is protected, if
     *     any did
     * @param card digest of the card under which they were read
     */
    public record Lines<T>(
            List<T> train,
            List<T> heldOut,
            int refused,
            LeftOut leftOut,
            Digest content,
            Optional<Digest> leftOutContent,
            Digest card) {

        public Lines {
            train = List.copyOf(train);
            heldOut = List.copyOf(heldOut);
        }
    }

    /**
     * Lines that are sound and were left out all the same.
     *
     * @param protectedLines in which the model would learn to say what is protected
     * @param unreviewed that wait for a person, or were rejected by one
     */
    public record LeftOut(int protectedLines, int unreviewed) {

        /** Whether there is any. */
        public boolean isAny() {
            return protectedLines + unreviewed > 0;
        }
    }

    /**
     * Opens a directory for a purpose.
     *
     * @param holdOut the share of questions that is held out
     * @throws NodeException {@code POLICY}: there is no card, or it does not permit that
     */
    public static MemberChats open(Path directory, PermittedUse purpose, double holdOut) {
        try {
            return new MemberChats(
                    CorpusReader.open(directory, purpose),
                    directory,
                    new HeldOutSplit(holdOut),
                    _ -> false);
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        }
    }

    /**
     * The same without what a constitution protects. Asked is of what would be learnt to be said:
     * of all answers of a conversation, of those that are preferred or called good, and of the
     * choices that are rewarded.
     */
    public MemberChats without(Predicate<String> protectedText) {
        return new MemberChats(corpus, directory, split, protectedText);
    }

    /**
     * Conversations that end with an answer.
     *
     * @throws NodeException {@code POLICY}: too many lines cannot be used, or nothing is left
     */
    public Lines<Conversation> conversations() {
        return read(ChatReader::conversations, Function.identity(), MemberChats::answers);
    }

    /** Pairs of answers. */
    public Lines<PreferencePair> preferences() {
        return read(
                ChatReader::preferences, PreferencePair::prompt, pair -> List.of(pair.chosen()));
    }

    /** Answers that are called good or bad. */
    public Lines<JudgedAnswer> judgements() {
        return read(
                ChatReader::judgements,
                JudgedAnswer::prompt,
                judged -> judged.desirable() ? List.of(judged.answer()) : List.of());
    }

    /**
     * Prompts whose answers a program can check. Of a choice the expected one is learnt to be said;
     * a form says nothing by itself.
     */
    public Lines<CheckedPrompt> checked() {
        return read(ChatReader::checked, CheckedPrompt::prompt, MemberChats::expected);
    }

    private static List<String> expected(CheckedPrompt prompt) {
        return switch (prompt.check()) {
            case CheckedPrompt.Check.Choice choice -> List.of(choice.expected());
            case CheckedPrompt.Check.Form _ -> List.of();
        };
    }

    private static List<String> answers(Conversation conversation) {
        return conversation.messages().stream()
                .filter(message -> message.role() == Role.ASSISTANT)
                .map(Message::content)
                .toList();
    }

    private <T> Lines<T> read(
            BiFunction<ChatReader, Path, ReadLines<T>> form,
            Function<T, Conversation> prompt,
            Function<T, List<String>> learnt) {
        List<T> train = new ArrayList<>();
        List<T> heldOut = new ArrayList<>();
        int refused = 0;
        int protectedLines = 0;
        int unreviewed = 0;
        MessageDigest content = Digest.sha256();
        MessageDigest withLeftOut = Digest.sha256();
        try {
            for (String name : corpus.files()) {
                Path file = directory.resolve(name);
                ReadLines<T> lines = form.apply(ChatReader.USUAL, file);
                refused += lines.refused().size();
                unreviewed += lines.unreviewed();
                byte[] bytes = Files.readAllBytes(file);
                content.update(bytes);
                withLeftOut.update(bytes);
                for (int i = 0; i < lines.values().size(); i++) {
                    T value = lines.values().get(i);
                    if (learnt.apply(value).stream().anyMatch(isProtected)) {
                        protectedLines++;
                        withLeftOut.update(("\nwithout " + i).getBytes(StandardCharsets.UTF_8));
                    } else {
                        (holdsOut(prompt.apply(value)) ? heldOut : train).add(value);
                    }
                }
            }
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + directory + ": " + e, e);
        }
        if (train.isEmpty() || heldOut.isEmpty()) {
            throw new NodeException(
                    Code.POLICY,
                    "%s has %d to learn from and %d held out, with %d left out as protected and %d not accepted; add some, or change hold-out"
                            .formatted(
                                    directory,
                                    train.size(),
                                    heldOut.size(),
                                    protectedLines,
                                    unreviewed));
        }
        return new Lines<>(
                train,
                heldOut,
                refused,
                new LeftOut(protectedLines, unreviewed),
                Digest.ofHash(content.digest()),
                protectedLines > 0
                        ? Optional.of(Digest.ofHash(withLeftOut.digest()))
                        : Optional.empty(),
                corpus.card().digest());
    }

    private boolean holdsOut(Conversation prompt) {
        String question =
                prompt.messages().stream()
                        .filter(message -> message.role() == Role.USER)
                        .findFirst()
                        .orElseThrow()
                        .content();
        return split.holdsOut(new Document(question, Optional.empty(), "", 1));
    }
}
