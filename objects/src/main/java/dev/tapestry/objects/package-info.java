/**
 * Files by name in a store: a folder, or a bucket that speaks S3.
 *
 * <p>A coordinator keeps there what its successor needs, a node meets there the machine that
 * computes for it. Only this room speaks to object stores; in a node only the egress gate may use
 * it.
 */
@NullMarked
package dev.tapestry.objects;

import org.jspecify.annotations.NullMarked;
