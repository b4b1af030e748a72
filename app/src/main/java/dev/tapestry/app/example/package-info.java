/** The open texts, questions and preferences that the builds in {@code examples/} are made of. */
@NullMarked
package dev.tapestry.app.example;

import org.jspecify.annotations.NullMarked;
