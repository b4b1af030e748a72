package dev.tapestry.node.egress;

import dev.tapestry.consortium.ModelManifest;
import java.io.IOException;

/** A part arrived that is not what its digest says; fetching it again may help, a few times. */
final class PartRefusedException extends IOException {

    private static final long serialVersionUID = 1L;

    PartRefusedException(ModelManifest.Part part, String found) {
        super(
                "part %s should have %d bytes but came as %s"
                        .formatted(part.digest().abbreviated(), part.bytes(), found));
    }
}
