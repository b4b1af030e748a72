package dev.tapestry.app.command;

import dev.tapestry.node.Node;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.box.ComputeBox;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.egress.StoreAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an object store is reached in which a box lies. */
final class StoreOptions {

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = {
                "Of the object store, if it is not Amazon's, for a box that is s3://BUCKET/PREFIX.",
                "Keys are read from ~/.aws/credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            })
    private @Nullable URI endpoint;

    @Option(
            names = "--region",
            paramLabel = "NAME",
            description = "Of the bucket. Default: AWS_REGION, or ~/.aws/config.")
    private @Nullable String region;

    /** A box as the gateway sees it. */
    OpenBox atGateway(String box, Node node) {
        return isStored(box)
                ? OpenBox.of(node.stored(address(box)))
                : OpenBox.of(new DropBox(Path.of(box)));
    }

    /**
     * A box as the machine sees it that computes.
     *
     * @param work where the working copy of one in a store is kept
     */
    OpenBox atCompute(String box, Supplier<NodeHome> work) {
        return isStored(box)
                ? OpenBox.of(ComputeBox.open(address(box), work.get(), InstantSource.system()))
                : OpenBox.of(new DropBox(Path.of(box)));
    }

    /** A box as the next command is to be given it. */
    String words(String box) {
        return box
                + (endpoint == null ? "" : " --endpoint " + endpoint)
                + (region == null ? "" : " --region " + region);
    }

    private boolean isStored(String box) {
        boolean stored = StoreAddress.isOne(box);
        if (!stored && (endpoint != null || region != null)) {
            throw new CommandException(
                    ExitCode.USAGE,
                    "--endpoint and --region are for a box in an object store, s3://BUCKET/PREFIX; %s is a directory"
                            .formatted(box),
                    null);
        }
        return stored;
    }

    private StoreAddress address(String box) {
        return StoreAddress.of(box, Optional.ofNullable(region), Optional.ofNullable(endpoint));
    }
}
