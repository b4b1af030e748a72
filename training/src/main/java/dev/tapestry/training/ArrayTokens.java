package dev.tapestry.training;

/** Token ids on the heap. */
final class ArrayTokens implements Tokens {

    private final int[] ids;
    private final long bytes;

    ArrayTokens(int[] ids, long bytes) {
        this.ids = ids;
        this.bytes = bytes;
    }

    @Override
    public long count() {
        return ids.length;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void read(long from, long[] into) {
        for (int i = 0; i < into.length; i++) {
            into[i] = ids[Math.toIntExact(from + i)];
        }
    }
}
