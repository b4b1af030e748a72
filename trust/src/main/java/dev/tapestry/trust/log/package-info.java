/**
 * The audit log: an append-only Merkle tree (RFC 9162 §2.1) over the events of a consortium, the
 * coordinator's only source of truth.
 *
 * <p>One SQLite file in WAL mode, written by one process at a time (a lock on {@code FILE.lock})
 * and by nobody else; other tables belong elsewhere. Other programs may keep the same tables in
 * another database ({@link dev.tapestry.trust.log.LogStore}). The tables:
 *
 * <pre>
 *   log(format INTEGER, origin TEXT)                     one row; format 1
 *   entries(position INTEGER PRIMARY KEY, body BLOB)     from 0 without gaps
 *   nodes(level, position, hash BLOB)                    the root of each complete subtree: level 0
 *                                                        are the leaves, (l, p) covers the entries
 *                                                        p·2^l up to (p+1)·2^l
 *   checkpoints(size INTEGER PRIMARY KEY, note TEXT)     what was signed
 *
 *   leaf = SHA-256(0x00 ‖ body)      inner node = SHA-256(0x01 ‖ left ‖ right)
 * </pre>
 *
 * <p>Because all complete subtrees are kept, appending and proving read O(log n) hashes.
 *
 * <p>A checkpoint is a C2SP tlog-checkpoint in a C2SP signed-note:
 *
 * <pre>
 *   origin LF  size LF  base64(root) LF  LF
 *   "— " name SP base64(first 4 bytes of SHA-256(name LF 0x01 key) ‖ Ed25519 signature) LF
 * </pre>
 */
@NullMarked
package dev.tapestry.trust.log;

import org.jspecify.annotations.NullMarked;
