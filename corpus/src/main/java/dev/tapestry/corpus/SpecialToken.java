package dev.tapestry.corpus;

/**
 * A token that stands for itself instead of being merged from bytes.
 *
 * @param id its number
 * @param content how it is written
 * @param special whether it is markup, such as the end of a text; false: merely an added word
 */
public record SpecialToken(int id, String content, boolean special) {}
