/**
 * Conversations and preferences: what instruction tuning and alignment learn from, how it is read
 * from JSON Lines, and how it becomes tokens.
 *
 * <p>A file has one JSON object on each line, in UTF-8. A line that is not as asked is counted and
 * kept with its number and the reason; beyond a limit of such lines the file is refused. What the
 * lines look like stands at {@link dev.tapestry.corpus.chat.ChatReader}.
 */
@NullMarked
package dev.tapestry.corpus.chat;

import org.jspecify.annotations.NullMarked;
