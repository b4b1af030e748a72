/**
 * Codecs for updates: Δ = θ − θₘ as far fewer bytes, streamed, and the same bytes on every machine.
 *
 * <p>Begin at {@link dev.tapestry.weights.codec.CodedUpdate}, a safetensors file with a U8 tensor
 * per tensor of the model. The numbers of a tensor, row-major, are coded in groups of 262,144, one
 * after the other; all is little-endian. A scale is a BF16, finite and not negative. In a group the
 * scales of all blocks come first, then the codes of all numbers, from the lowest bits of each byte
 * up; the rest of the last byte is zero.
 *
 * <pre>
 * fp32/1   n × F32
 * bf16/1   n × BF16, rounded to nearest even
 * int8/1   ⌈n/64⌉ × scale s, n × int8 q from −127 to 127;            x̂ = q·s
 * int4/1   ⌈n/64⌉ × scale s, n × int4 q from −7 to 7;                x̂ = q·s
 * e3m0/1   ⌈n/64⌉ × scale s, n × (3 bits e, 1 bit sign);             x̂ = ±s·2^(e−7), 0 for e = 0
 * int2/1   ⌈n/128⌉ × (inner, outer scale), n × (1 bit outer, sign);  x̂ = ± inner or outer
 * topkN/1  u32   bytes that follow in the group
 *          BF16  S, the largest scale of a chunk of 4,096 numbers
 *          BF16  × 4 levels: positive inner, positive outer, negative inner, negative outer
 *          u8    × ⌈n/4096⌉ c: 0 for a chunk of zeros, else s = the BF16 of bits S − 16 (255 − c)
 *          bits  for each chunk with c &gt; 0 and each of its ⌈n/N⌉ kept numbers in order:
 *                the gap before it (Golomb's code, m = round(N ln 2)), 1 bit outer, 1 bit sign;
 *                                                                    x̂ = ±s·level, 0 elsewhere
 * </pre>
 *
 * <p>{@code docs/protocol.md} says it in full, with the encoders' choices and a test vector for
 * each codec. Bytes that come from elsewhere are believed in nothing: whatever an encoder cannot
 * write is refused with tensor and offset, and what is decoded is finite.
 */
@NullMarked
package dev.tapestry.weights.codec;

import org.jspecify.annotations.NullMarked;
