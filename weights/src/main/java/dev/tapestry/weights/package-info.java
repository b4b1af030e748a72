/**
 * Tensors on disk: safetensors files, Hugging Face model directories, content digests, conversions.
 *
 * <p>Nothing here holds a model in the heap. Files are mapped, numbers pass through {@link
 * java.lang.foreign.MemorySegment}s, digests and copies stream through one small buffer; memory is
 * bounded by a constant whatever the size of the model.
 *
 * <h2>A safetensors file</h2>
 *
 * <pre>
 * bytes 0..7      N, the length of the header, unsigned little-endian; here 2 to 100,000,000
 * bytes 8..8+N-1  the header: UTF-8 JSON that begins with '{' and may end in spaces
 *                 {"__metadata__": {"key": "value", ...},
 *                  "tensor.name": {"dtype": "F32", "shape": [rows, columns], "data_offsets": [begin, end]}, ...}
 * bytes 8+N..     the data: row-major little-endian numbers; offsets count from here
 * </pre>
 *
 * <p>The tensors fill the data without gap or overlap; {@code end - begin} is the size of the dtype
 * times the product of the shape; no name comes twice; a scalar has the shape {@code []}. Files
 * written here pad the header with spaces so that the data begins at a multiple of 8, put wider
 * dtypes first so that every number is aligned, and sort the metadata: the same tensors give the
 * same bytes.
 *
 * <h2>A model directory</h2>
 *
 * <pre>
 * config.json                         the architecture, as Hugging Face writes it
 * model.safetensors                   all tensors; or, when they are many:
 * model-00001-of-00003.safetensors    a shard: a group of whole tensors
 * model.safetensors.index.json        {"metadata": {"total_size": bytes}, "weight_map": {"tensor.name": "shard file", ...}}
 * tokenizer.json, ...                 whatever else belongs to the model
 * </pre>
 */
@NullMarked
package dev.tapestry.weights;

import org.jspecify.annotations.NullMarked;
