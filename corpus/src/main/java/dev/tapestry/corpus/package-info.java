/**
 * A member's own text: its card, reading it, holding a part of it out, and turning it into tokens.
 *
 * <h2>A corpus directory</h2>
 *
 * <p>Text files in UTF-8, {@code *.txt} or {@code *.jsonl}, or tables that are {@linkplain
 * dev.tapestry.corpus.preparation prepared} first, and {@code card.yaml}, without which none of
 * them is opened:
 *
 * <pre>{@code
 * name: Debates in Romanian
 * licence: CC0-1.0
 * category: open                  # open, unique-open, controlled, sovereign, private
 * language: ro                    # BCP 47
 * residency: EU
 * permitted-uses: [contributed-cpt, private-cpt, evaluation]
 *                                 # also tokenizer-training, instruction-tuning, alignment
 * text-format: json-lines         # lines, paragraphs, files, json-lines, csv, parquet
 * text-field: text                # of the last three only; this is the default
 * group-field: date               # of the last three, optional: kept on one side of a split
 * files: [debates.jsonl]          # optional; else every file with the format's ending
 * attribution: European Parliament  # optional
 * }</pre>
 *
 * <p>Unknown keys are refused. Symbolic links are never followed and no named file lies outside the
 * directory.
 *
 * <h2>A token shard</h2>
 *
 * <p>All numbers are little-endian. The tokens of each document are followed by the token that ends
 * it; documents stand in the order in which they were read.
 *
 * <pre>
 * offset  bytes  what
 *      0      8  "TAPTOKEN"
 *      8      4  version: 1
 *     12      4  bytes per token: 2 when the vocabulary has at most 65536 tokens, else 4
 *     16      4  size of the vocabulary
 *     20      4  the token that ends a document
 *     24      8  number of tokens, ends of documents included
 *     32      8  number of documents
 *     40      8  bytes of the documents' text in UTF-8
 *     48      8  code points of the documents' text
 *     56      8  zero
 *     64     32  SHA-256 of tokenizer.json
 *     96     32  SHA-256 of the card in its fixed form ({@link dev.tapestry.corpus.DatasetCard#yaml})
 *    128     32  SHA-256 of the tokens followed by bytes 0 to 127
 *    160      …  the tokens, unsigned
 * </pre>
 *
 * <p>Bits per byte of a model on a shard are the sum of its negative log-likelihoods of all tokens
 * in nats, divided by ln 2 and by the bytes of text.
 */
@NullMarked
package dev.tapestry.corpus;

import org.jspecify.annotations.NullMarked;
