/**
 * Parts on their way: compressed with zstd (RFC 8878) as a content coding of HTTP (RFC 9110 §8.4)
 * where a trial on a sample says that it pays.
 *
 * <p>Nobody but the two ends of a connection knows of it: digests, manifests and files are those of
 * the bytes as they are. Coded updates are groups of codes and scales whose frequencies differ, so
 * that entropy coding takes a tenth to a fifth away; of weights only the exponents are so, and of
 * top-k updates, which are coded so already, nothing is.
 *
 * <p>Begin at {@link dev.tapestry.weights.transfer.PartCoding}, which writes, and {@link
 * dev.tapestry.weights.transfer.CodedInput}, which reads what others wrote and believes nothing of
 * it.
 */
@NullMarked
package dev.tapestry.weights.transfer;

import org.jspecify.annotations.NullMarked;
