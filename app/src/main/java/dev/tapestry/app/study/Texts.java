package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Tokens;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** The members' packed text, opened: what they train on and what they are scored on. */
public final class Texts implements AutoCloseable {

    private final List<TokenShard> shards = new ArrayList<>();
    private final SortedMap<MemberId, Tokens> train;
    private final SortedMap<MemberId, Tokens> heldOut;

    /**
     * Opens packed corpora.
     *
     * @param packed by member, see {@link PackedCorpora}
     * @param corpusTokens how much of each member's training text is used, from its beginning
     */
    public Texts(SortedMap<MemberId, Path> packed, long corpusTokens) {
        this.train = open(packed, PackedCorpus::trainFile);
        this.train.replaceAll((_, text) -> TokenRange.first(text, corpusTokens));
        this.heldOut = open(packed, PackedCorpus::heldOutFile);
    }

    private SortedMap<MemberId, Tokens> open(
            SortedMap<MemberId, Path> packed, UnaryOperator<Path> side) {
        SortedMap<MemberId, Tokens> texts = new TreeMap<>();
        packed.forEach((member, path) -> {
            TokenShard shard = TokenShard.open(side.apply(path));
            shards.add(shard);
            texts.put(member, Tokens.of(shard));
        });
        return texts;
    }

    /** What each member trains on. */
    public SortedMap<MemberId, Tokens> train() {
        return Collections.unmodifiableSortedMap(train);
    }

    /** What a model is scored on, by whose text it is. */
    public SortedMap<MemberId, Tokens> heldOut() {
        return Collections.unmodifiableSortedMap(heldOut);
    }

    /**
     * The same text, dealt out so that every member has a part of everybody's: a control that tells
     * what members' differences cost from what merging costs. What is scored stays.
     */
    public SortedMap<MemberId, Tokens> shuffled() {
        SortedMap<MemberId, Tokens> dealt = new TreeMap<>();
        int place = 0;
        for (MemberId member : train.keySet()) {
            List<Tokens> parts = new ArrayList<>();
            for (Tokens text : train.values()) {
                parts.add(TokenRange.part(text, place, train.size()));
            }
            dealt.put(member, new MixedTokens(parts, Recipe.SEQUENCE));
            place++;
        }
        return dealt;
    }

    @Override
    public void close() {
        shards.forEach(TokenShard::close);
    }
}
