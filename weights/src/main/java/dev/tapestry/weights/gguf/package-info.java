/**
 * Models as one GGUF file (version 3), tokenizer inside, for the programs of the llama.cpp family.
 *
 * <pre>
 * "GGUF"  version 3 (u32)  count of tensors (u64)  count of keys (u64)
 * per key      string key, u32 type, value; a string is u64 length + UTF-8;
 *              an array is u32 type of its elements, u64 count, the elements
 * per tensor   string name, u32 dimensions, u64 each, innermost first,
 *              u32 type (0 F32, 1 F16, 8 Q8_0), u64 offset in the data
 * zeros up to the next multiple of 32
 * data         each tensor begins at a multiple of 32; row-major, little-endian
 *              Q8_0: blocks of 32 numbers: F16 scale d, then 32 signed bytes q; number = d * q
 * </pre>
 *
 * <p>Only the Llama architecture can be written. Its query and key rows are stored in another order
 * than Hugging Face's: there the rotary embedding turns element i of a head together with element i
 * + half, here neighbours turn together, so row {@code (half, i)} of a head becomes row {@code (i,
 * half)}. Tensors of one dimension (norms) always stay F32.
 */
@NullMarked
package dev.tapestry.weights.gguf;

import org.jspecify.annotations.NullMarked;
