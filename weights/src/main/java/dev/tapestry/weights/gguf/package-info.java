/**
 * Models as one GGUF file (version 3), tokenizer inside, for the programs of the llama.cpp family.
 *
 * <pre>
 * "GGUF"  version 3 (u32)  count of tensors (u64)  count of keys (u64)
 * per key      string key, u32 type, value; a string is u64 length + UTF-8;
 *              an array is u32 type of its elements, u64 count, the elements
 * per tensor   string name, u32 dimensions, u64 each, innermost first,
 *              u32 type (0 F32, 1 F16, 2 Q4_0, 8 Q8_0, 12 Q4_K, 14 Q6_K), u64 offset in the data
 * zeros up to the next multiple of 32
 * data         each tensor begins at a multiple of 32; row-major, little-endian
 * Q8_0   32 numbers: F16 d, 32 signed bytes q; number = d * q
 * Q4_0   32 numbers: F16 d, 16 bytes; number i has the low half of byte i, i + 16 the high one:
 *        number = d * (q - 8)
 * Q4_K   256 numbers in eight 32s: F16 d, F16 e, 12 bytes with s and m of each 32 (6 bits each),
 *        128 bytes: of each 64 numbers the first 32 have the low halves, the others the high ones;
 *        number = d * s * q - e * m
 * Q6_K   256 numbers in sixteen 16s: 128 bytes with the low four bits of q, 64 with the high two,
 *        16 signed bytes s, F16 d; number = d * s * (q - 32)
 * </pre>
 *
 * <p>A tensor whose rows are not whole blocks takes a format with smaller ones.
 *
 * <p>The family of Llama can be written. Llama's and Mistral's query and key rows are stored in
 * another order than Hugging Face's: there the rotary embedding turns element i of a head together
 * with element i + half, here neighbours turn together, so row {@code (half, i)} of a head becomes
 * row {@code (i, half)}; in the others' they stay. Tensors of one dimension (norms, biases) are
 * always F32.
 */
@NullMarked
package dev.tapestry.weights.gguf;

import org.jspecify.annotations.NullMarked;
