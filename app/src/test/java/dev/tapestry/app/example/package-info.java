@NullMarked
package dev.tapestry.app.example;

import org.jspecify.annotations.NullMarked;
