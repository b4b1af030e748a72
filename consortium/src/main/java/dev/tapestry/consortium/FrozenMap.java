package dev.tapestry.consortium;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A sorted map that nobody can change, so that one state after another can hold the same one. The
 * JDK has none: its unmodifiable maps are views, which a record must copy each time to be sure.
 */
@SuppressWarnings("JdkObsolete") // nobody navigates: states promise a sorted map and no more
final class FrozenMap<K extends Comparable<K>, V> extends AbstractMap<K, V>
        implements SortedMap<K, V> {

    private final SortedMap<K, V> entries;

    private FrozenMap(SortedMap<K, V> entries) {
        this.entries = Collections.unmodifiableSortedMap(entries);
    }

    static <K extends Comparable<K>, V> FrozenMap<K, V> empty() {
        return new FrozenMap<>(new TreeMap<K, V>());
    }

    /** The same entries; {@code map} itself if it is frozen already. */
    static <K extends Comparable<K>, V> FrozenMap<K, V> of(SortedMap<K, V> map) {
        return map instanceof FrozenMap<K, V> frozen ? frozen : new FrozenMap<>(new TreeMap<>(map));
    }

    /** These entries and this one. */
    FrozenMap<K, V> with(K key, V value) {
        SortedMap<K, V> more = new TreeMap<>(entries);
        more.put(key, value);
        return new FrozenMap<>(more);
    }

    /** These entries except that of {@code key}. */
    FrozenMap<K, V> without(K key) {
        if (!entries.containsKey(key)) {
            return this;
        }
        SortedMap<K, V> less = new TreeMap<>(entries);
        less.remove(key);
        return new FrozenMap<>(less);
    }

    /** These entries except those whose value is {@code unwanted}. */
    FrozenMap<K, V> withoutValues(Predicate<V> unwanted) {
        if (entries.values().stream().noneMatch(unwanted)) {
            return this;
        }
        SortedMap<K, V> less = new TreeMap<>(entries);
        less.values().removeIf(unwanted);
        return new FrozenMap<>(less);
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return entries.containsKey(key);
    }

    @Override
    public @Nullable V get(@Nullable Object key) {
        return entries.get(key);
    }

    @Override
    public Set<Map.Entry<K, V>> entrySet() {
        return entries.entrySet();
    }

    @Override
    public @Nullable Comparator<? super K> comparator() {
        return entries.comparator();
    }

    @Override
    public SortedMap<K, V> subMap(K from, K to) {
        return entries.subMap(from, to);
    }

    @Override
    public SortedMap<K, V> headMap(K to) {
        return entries.headMap(to);
    }

    @Override
    public SortedMap<K, V> tailMap(K from) {
        return entries.tailMap(from);
    }

    @Override
    public K firstKey() {
        return entries.firstKey();
    }

    @Override
    public K lastKey() {
        return entries.lastKey();
    }
}
