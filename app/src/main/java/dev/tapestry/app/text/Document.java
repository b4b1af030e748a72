package dev.tapestry.app.text;

/**
 * One document of a corpus.
 *
 * @param group documents of one group are held out together, so that nothing is in both halves
 * @param text UTF-8 prose
 */
public record Document(String group, String text) {}
