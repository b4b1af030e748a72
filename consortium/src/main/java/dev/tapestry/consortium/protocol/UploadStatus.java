package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.Digest;
import java.util.List;

/**
 * The coordinator's answer to a contribution's manifest.
 *
 * @param contribution digest of the signed envelope: the name of this contribution
 * @param missing parts that must be sent before it can be sealed, in the manifest's order
 */
public record UploadStatus(Digest contribution, List<Digest> missing) {}
