package dev.tapestry.node.serving;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Loopback;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is served, and by which rules.
 *
 * @param name of the model in requests
 * @param model its directory, if it is in this process
 * @param gateway the server that has it otherwise
 * @param base what it is compared with, if anything
 * @param constitution the rules, if there are any
 * @param board the review board's directory, if there is one
 * @param boardKey that signs the board's decisions, if it has one
 * @param audit the file of the record, if one is kept; it must be where prompts leave this machine
 * @param auditContent whether prompts and answers stand in it
 * @param listening where
 * @param engine how much at once
 */
public record ServingPlan(
        String name,
        Optional<Path> model,
        Optional<Gateway> gateway,
        Optional<Path> base,
        Optional<Path> constitution,
        Optional<Path> board,
        Optional<VerifyingKey> boardKey,
        Optional<Path> audit,
        boolean auditContent,
        Listening listening,
        EnginePlan engine) {

    public ServingPlan {
        if (model.isPresent() == gateway.isPresent()) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "name either a model's directory or a gateway to the server that has it");
        }
        if (base.isPresent() && name.equals(Serving.BASE)) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "'%s' is the name of what the model is compared with: give the model another (--name)"
                            .formatted(name));
        }
        if (audit.isEmpty() && gateway.filter(ServingPlan::isElsewhere).isPresent()) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "prompts leave this machine for %s: keep a record of that (--audit FILE)"
                            .formatted(gateway.get()));
        }
    }

    private static boolean isElsewhere(Gateway gateway) {
        return !Loopback.is(Optional.ofNullable(gateway.address().getHost()).orElse(""));
    }
}
