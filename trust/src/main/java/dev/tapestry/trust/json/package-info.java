/**
 * Canonical JSON (RFC 8785) for records: the one form in which documents are signed, logged and
 * sent.
 *
 * <table>
 * <caption>How Java becomes JSON</caption>
 * <tr><td>record</td><td>object, one member per component</td></tr>
 * <tr><td>record whose only component is a {@code String}, {@code int} or {@code long} called
 *     {@code value} or {@code hex}</td><td>that string or number ({@code Digest}, {@code MemberId},
 *     {@code RoundNumber})</td></tr>
 * <tr><td>record that a sealed interface permits</td><td>object with the further member {@code
 *     "type"}, the record's simple name in kebab-case</td></tr>
 * <tr><td>{@code Optional} that is empty, {@code @Nullable} that is null</td><td>{@code
 *     null}; no member at all where it is {@link dev.tapestry.consortium.LeftOutWhenEmpty}</td></tr>
 * <tr><td>{@code List}; {@code Set}</td><td>array; a set's elements in order of their canonical
 *     text</td></tr>
 * <tr><td>{@code Map} with keys written as strings or numbers</td><td>object</td></tr>
 * <tr><td>{@code int}, {@code long}</td><td>number, at most 2<sup>53</sup>−1 in size (RFC 8785 §6:
 *     larger ones are not the same everywhere)</td></tr>
 * <tr><td>{@code double}, {@code float}</td><td>number as ECMAScript writes it; never infinite or
 *     NaN</td></tr>
 * <tr><td>{@code enum}</td><td>its name</td></tr>
 * <tr><td>{@code Instant}, {@code Duration}, {@code URI}</td><td>string, ISO 8601 and RFC
 *     3986</td></tr>
 * </table>
 *
 * <p>Reading is strict: unknown, missing and repeated members, {@code null} elsewhere, text after
 * the document, invalid UTF-8 and unpaired surrogates are refused, each with the path to the place.
 */
@NullMarked
package dev.tapestry.trust.json;

import org.jspecify.annotations.NullMarked;
