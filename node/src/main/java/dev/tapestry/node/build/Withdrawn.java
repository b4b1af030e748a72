package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What was withdrawn in a home, and which models descend from it. */
final class Withdrawn {

    private final Map<Digest, WithdrawnData> data = new HashMap<>();
    private final Map<Digest, WithdrawnData> models = new HashMap<>();

    /** As a registry knows it now. */
    static Withdrawn of(ModelRegistry registry) {
        Withdrawn withdrawn = new Withdrawn();
        for (WithdrawnData each : registry.withdrawn()) {
            withdrawn.data.put(each.data(), each);
            registry.descendants(each.data())
                    .forEach(model -> withdrawn.models.putIfAbsent(model.model(), each));
        }
        return withdrawn;
    }

    boolean isData(Digest digest) {
        return data.containsKey(digest);
    }

    boolean isData(StageOrder.Text text) {
        return isData(text.content()) || isData(text.card());
    }

    /** Whether a model descends from withdrawn data, or is withdrawn itself. */
    boolean isModel(Digest model) {
        return models.containsKey(model) || isData(model);
    }

    /**
     * Refuses withdrawn data.
     *
     * @throws NodeException {@code POLICY}, with the reason
     */
    void require(String what, Digest... digests) {
        for (Digest digest : digests) {
            Optional.ofNullable(data.get(digest))
                    .ifPresent(found -> {
                        throw new NodeException(
                                Code.POLICY,
                                "%s was withdrawn on %s: %s; take it out of the plan (%s)"
                                        .formatted(what, found.at(), found.reason(), digest));
                    });
        }
    }

    /**
     * Refuses a base that descends from withdrawn data.
     *
     * @throws NodeException {@code POLICY}, with the reason
     */
    void requireBase(Digest base) {
        require("the base", base);
        Optional.ofNullable(models.get(base))
                .ifPresent(found -> {
                    throw new NodeException(
                            Code.POLICY,
                            "the base %s descends from data that was withdrawn on %s: %s; build it anew first (tapestry build withdraw %s --run)"
                                    .formatted(
                                            base.abbreviated(),
                                            found.at(),
                                            found.reason(),
                                            found.data()));
                });
    }
}
