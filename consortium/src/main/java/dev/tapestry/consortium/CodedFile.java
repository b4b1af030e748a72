package dev.tapestry.consortium;

/**
 * A coded update on its way: one file that is sent in place of the tensors that it stands for.
 *
 * @param codec in which all its tensors are
 * @param file its name, length and parts
 */
public record CodedFile(CodecName codec, ModelManifest.File file) {

    /** What the file of an update of a model's weights is called. */
    public static final String UPDATE = "update.safetensors";

    /** What the file of a mean gradient is called. */
    public static final String GRADIENT = "gradient.safetensors";
}
