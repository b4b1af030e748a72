@NullMarked
package dev.tapestry.objects;

import org.jspecify.annotations.NullMarked;
