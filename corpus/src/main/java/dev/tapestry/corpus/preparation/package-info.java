/**
 * Stage 0 of a sovereign build: {@link dev.tapestry.corpus.preparation.Preparation} makes one
 * corpus of several sources.
 *
 * <h2>A plan</h2>
 *
 * <pre>{@code
 * name: Council texts
 * purposes: [private-cpt]          # asked of each source's card before anything is read
 * seed: 1
 * sources:                         # of two that hold the same the earlier is kept
 *   - path: minutes                # relative to the plan; a directory with card.yaml
 *     name: minutes                # optional: the directory's name
 *     text-format: paragraphs      # optional: what the card says; so are the next three
 *     text-field: text
 *     group-field: date
 *     language: de                 # or detect, or mul
 *     domain: parliament           # optional: the source's name
 *     weight: 1.0                  # of the domain in the mixture
 * steps:                           # left out: their defaults; enabled: false switches one off
 *   normalisation: {collapse-spaces: false}
 *   language: {by: document, least-confidence: 0.9}   # or by: paragraph
 *   quality: {least-words: 5}
 *   personal-data: {action: redact, patterns: [email, phone]}   # or action: drop
 *   contamination: {words: 13, evaluation-sets: [{path: exam}]} # left out: not done
 *   exact-duplicates: {enabled: true}
 *   near-duplicates: {shingle-words: 5, bands: 16, rows: 7, similarity: 0.8}
 * hold-out: {fraction: 0.05, salt: ""}
 * mixing: {temperature: 1.0, most-repeats: 4}
 * malformed-lines: 100             # of JSON, left out before it is refused
 * tokenizer: ../base               # optional: token shards are made
 * }</pre>
 *
 * <p>Unknown keys are refused. The steps work in the order above, after which documents are split
 * and mixed; protected domains of a constitution are looked for before personal data.
 *
 * <h2>What comes out</h2>
 *
 * <p>A corpus directory whose card permits what every source's card permits: {@code train.jsonl}
 * and {@code held-out.jsonl} with the fields {@code text}, {@code group}, {@code language}, {@code
 * source} and {@code domain}; {@code train.tokens} and {@code held-out.tokens} where there is a
 * tokenizer; {@code croissant.json}, {@code report.json} and {@code lineage.json}. Each document
 * has a group, its member's or the digest of its text, so that a node with the same fraction and
 * salt holds out the same.
 *
 * <h2>How</h2>
 *
 * <p>A first pass reads all text in blocks of 1 MiB; each is looked at by itself, on any number of
 * threads, and what is left is spooled to disk in its order, with keys of its digest and signature
 * spread over files. The keys are compared file by file; which documents are one is kept in a
 * mapped file. A second pass writes what is left. Memory does not grow with the text.
 */
@NullMarked
package dev.tapestry.corpus.preparation;

import org.jspecify.annotations.NullMarked;
