/**
 * A model's door to people and programs: OpenAI's HTTP API ({@code docs/serving.md}), the page that
 * talks to it, the constitution between both and the model, the review board's pause, and the
 * record of what was asked.
 *
 * <p>The only place where a node listens. {@link dev.tapestry.node.serving.Serving#assemble} is the
 * architecture; {@link dev.tapestry.node.serving.AnswerDesk} is the way of a question.
 */
@NullMarked
package dev.tapestry.node.serving;

import org.jspecify.annotations.NullMarked;
