package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.Document;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.ChatReader;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.JudgedAnswer;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.corpus.chat.ReadLines;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Conversations and preferences of the member: a directory of JSON Lines with its card, which is
 * asked before a line is read. What answers the same first question is held out together.
 */
public final class MemberChats {

    private final CorpusReader corpus;
    private final Path directory;
    private final HeldOutSplit split;

    private MemberChats(CorpusReader corpus, Path directory, HeldOutSplit split) {
        this.corpus = corpus;
        this.directory = directory;
        this.split = split;
    }

    /**
     * What was read.
     *
     * @param train to learn from
     * @param heldOut to be scored on
     * @param refused lines that were skipped
     * @param content digest of the files
     * @param card digest of the card under which they were read
     */
    public record Lines<T>(
            List<T> train, List<T> heldOut, int refused, Digest content, Digest card) {

        public Lines {
            train = List.copyOf(train);
            heldOut = List.copyOf(heldOut);
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
                    CorpusReader.open(directory, purpose), directory, new HeldOutSplit(holdOut));
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        }
    }

    /**
     * Conversations that end with an answer.
     *
     * @throws NodeException {@code POLICY}: too many lines cannot be used, or nothing is left
     */
    public Lines<Conversation> conversations() {
        return read(ChatReader::conversations, Function.identity());
    }

    /** Pairs of answers. */
    public Lines<PreferencePair> preferences() {
        return read(ChatReader::preferences, PreferencePair::prompt);
    }

    /** Answers that are called good or bad. */
    public Lines<JudgedAnswer> judgements() {
        return read(ChatReader::judgements, JudgedAnswer::prompt);
    }

    private <T> Lines<T> read(
            BiFunction<ChatReader, Path, ReadLines<T>> form, Function<T, Conversation> prompt) {
        List<T> train = new ArrayList<>();
        List<T> heldOut = new ArrayList<>();
        int refused = 0;
        MessageDigest content = Digest.sha256();
        try {
            for (String name : corpus.files()) {
                Path file = directory.resolve(name);
                ReadLines<T> lines = form.apply(ChatReader.USUAL, file);
                refused += lines.refused().size();
                for (T value : lines.values()) {
                    (holdsOut(prompt.apply(value)) ? heldOut : train).add(value);
                }
                content.update(Files.readAllBytes(file));
            }
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + directory + ": " + e, e);
        }
        if (train.isEmpty() || heldOut.isEmpty()) {
            throw new NodeException(
                    Code.POLICY,
                    "%s has %d to learn from and %d held out; add some, or change hold-out"
                            .formatted(directory, train.size(), heldOut.size()));
        }
        return new Lines<>(
                train, heldOut, refused, Digest.ofHash(content.digest()), corpus.card().digest());
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
