package dev.tapestry.node.evaluation;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code gates.yaml}.
 *
 * @param gates all of which must hold
 */
public record SuiteGates(List<SuiteGate> gates) {

    public SuiteGates {
        gates = List.copyOf(gates);
    }

    /**
     * Reads gates.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the key
     */
    public static SuiteGates read(Path file) {
        try {
            return StrictYaml.read(file, SuiteGates.class, StrictYaml.Spelling.HYPHENATED);
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }
}
