package dev.tapestry.app.text;

/**
 * A public text before it becomes a document of a corpus.
 *
 * @param group documents of one group are held out together, so that nothing is in both halves
 * @param text UTF-8 prose
 */
public record GroupedText(String group, String text) {}
