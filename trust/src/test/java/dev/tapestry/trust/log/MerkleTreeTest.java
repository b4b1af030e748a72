package dev.tapestry.trust.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Against the test data of the Certificate Transparency reference implementation (RFC 6962). */
class MerkleTreeTest {

    private static final List<byte[]> ENTRIES =
            List.of(
                            "",
                            "00",
                            "10",
                            "2021",
                            "3031",
                            "40414243",
                            "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f")
                    .stream()
                    .map(HexFormat.of()::parseHex)
                    .toList();

    private static final List<String> ROOTS =
            List.of(
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

    @Test
    void the_published_roots_come_out() {
        for (int size = 0; size < ROOTS.size(); size++) {
            assertThat(MerkleTree.root(size, subtrees(ENTRIES)).hex()).isEqualTo(ROOTS.get(size));
        }
    }

    @Test
    void the_published_roots_come_out_for_a_reader_who_keeps_the_edge_only() {
        TreeEdge edge = TreeEdge.EMPTY;
        for (int size = 0; size < ROOTS.size(); size++) {
            assertThat(edge.root().hex()).isEqualTo(ROOTS.get(size));
            edge = size < ENTRIES.size() ? edge.with(ENTRIES.get(size)) : edge;
        }
    }

    @Test
    void an_edge_has_one_part_for_each_bit_of_its_size() {
        Digest part = Digest.of(new byte[0]);
        assertThatThrownBy(() -> new TreeEdge(3, List.of(part)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 entries");
        assertThatThrownBy(() -> new TreeEdge(-1, List.of(part)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void the_published_inclusion_proofs_come_out() {
        assertThat(hex(MerkleTree.inclusion(0, 8, subtrees(ENTRIES))))
                .containsExactly(
                        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
        assertThat(hex(MerkleTree.inclusion(5, 8, subtrees(ENTRIES))))
                .containsExactly(
                        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
    }

    @Test
    void the_published_consistency_proof_comes_out() {
        assertThat(hex(MerkleTree.consistency(2, 5, subtrees(ENTRIES))))
                .containsExactly(
                        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
    }

    @Test
    void every_inclusion_proof_up_to_64_entries_proves_its_entry_and_no_other() {
        List<byte[]> entries = entries(64);
        MerkleTree.Subtrees subtrees = subtrees(entries);
        for (int size = 1; size <= 64; size++) {
            Digest root = definition(entries.subList(0, size));
            assertThat(MerkleTree.root(size, subtrees)).isEqualTo(root);
            for (int index = 0; index < size; index++) {
                List<Digest> hashes = MerkleTree.inclusion(index, size, subtrees);
                InclusionProof proof = new InclusionProof(index, size, hashes);
                byte[] entry = entries.get(index);
                assertThat(proof.proves(entry, root)).isTrue();
                assertThat(proof.proves(new byte[] {99}, root)).isFalse();
                assertThat(proof.proves(entry, Digest.of(entry))).isFalse();
                assertThat(new InclusionProof(index, size, longer(hashes)).proves(entry, root))
                        .isFalse();
                if (!hashes.isEmpty()) {
                    assertThat(new InclusionProof(index, size, shorter(hashes)).proves(entry, root))
                            .isFalse();
                }
                for (int other : new int[] {-1, index - 1, index, index + 1, size}) {
                    assertThat(new InclusionProof(other, size, hashes).proves(entry, root))
                            .isEqualTo(other == index);
                }
            }
        }
    }

    @Test
    void every_consistency_proof_up_to_64_entries_proves_growth_and_nothing_else() {
        List<byte[]> entries = entries(64);
        MerkleTree.Subtrees subtrees = subtrees(entries);
        Digest[] roots = new Digest[65];
        for (int size = 0; size <= 64; size++) {
            roots[size] = definition(entries.subList(0, size));
        }
        for (int to = 0; to <= 64; to++) {
            for (int from = 0; from <= to; from++) {
                List<Digest> hashes = MerkleTree.consistency(from, to, subtrees);
                ConsistencyProof proof = new ConsistencyProof(from, to, hashes);
                assertThat(proof.proves(roots[from], roots[to])).isTrue();
                Digest wrong = Digest.of(new byte[] {1});
                assertThat(proof.proves(wrong, roots[to])).isFalse();
                assertThat(
                                new ConsistencyProof(from, to, longer(hashes))
                                        .proves(roots[from], roots[to]))
                        .isFalse();
                if (from != 0) {
                    assertThat(proof.proves(roots[from], wrong)).isFalse();
                }
                if (!hashes.isEmpty()) {
                    assertThat(
                                    new ConsistencyProof(from, to, shorter(hashes))
                                            .proves(roots[from], roots[to]))
                            .isFalse();
                    assertThat(
                                    new ConsistencyProof(from, 2L * to, hashes)
                                            .proves(roots[from], roots[to]))
                            .isFalse();
                }
            }
        }
    }

    @Test
    void proofs_for_what_is_not_there_are_refused() {
        MerkleTree.Subtrees subtrees = subtrees(ENTRIES);
        assertThatThrownBy(() -> MerkleTree.inclusion(8, 8, subtrees))
                .isInstanceOf(TrustException.class);
        assertThatThrownBy(() -> MerkleTree.inclusion(-1, 8, subtrees))
                .isInstanceOf(TrustException.class);
        assertThatThrownBy(() -> MerkleTree.consistency(9, 8, subtrees))
                .isInstanceOf(TrustException.class);
        assertThat(
                        new ConsistencyProof(5, 3, List.of())
                                .proves(Digest.of(new byte[0]), Digest.of(new byte[0])))
                .isFalse();
    }

    /** MTH as §2.1.1 defines it, on the entries themselves. */
    private static Digest definition(List<byte[]> entries) {
        int n = entries.size();
        if (n == 0) {
            return Digest.of(new byte[0]);
        }
        if (n == 1) {
            return MerkleTree.leaf(entries.getFirst());
        }
        int k = 1;
        while (2 * k < n) {
            k *= 2;
        }
        return MerkleTree.node(
                definition(entries.subList(0, k)), definition(entries.subList(k, n)));
    }

    private static MerkleTree.Subtrees subtrees(List<byte[]> entries) {
        Map<List<Long>, Digest> known = new HashMap<>();
        return (level, position) ->
                known.computeIfAbsent(
                        List.of((long) level, position),
                        _ ->
                                definition(
                                        entries.subList(
                                                Math.toIntExact(position << level),
                                                Math.toIntExact((position + 1) << level))));
    }

    private static List<byte[]> entries(int count) {
        List<byte[]> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(("entry " + i).getBytes(StandardCharsets.UTF_8));
        }
        return entries;
    }

    private static List<Digest> longer(List<Digest> hashes) {
        List<Digest> longer = new ArrayList<>(hashes);
        longer.add(Digest.of(new byte[] {7}));
        return longer;
    }

    private static List<Digest> shorter(List<Digest> hashes) {
        return hashes.subList(0, hashes.size() - 1);
    }

    private static List<String> hex(List<Digest> hashes) {
        return hashes.stream().map(Digest::hex).toList();
    }
}
