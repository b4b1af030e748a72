package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** Sends the parts of contributed weights that the coordinator misses, several at a time. */
public final class PartSender {

    private final CoordinatorClient client;
    private final Streams streams;
    private final Runnable progress;
    private final Compression compression;

    /** Where a part lies. */
    private record Place(Path file, long offset, long bytes) {
        Message message(Digest digest, boolean asksFirst, boolean compressed) {
            return Message.part(
                    new Message.Content.Slice(file, offset, bytes, digest), asksFirst, compressed);
        }
    }

    /**
     * A sender.
     *
     * @param streams parts under way at once, at most
     * @param progress called after each part
     */
    public PartSender(CoordinatorClient client, int streams, Runnable progress) {
        this.client = client;
        this.streams = new Streams(client.gate(), streams);
        this.progress = progress;
        this.compression = new Compression(client.gate());
    }

    /**
     * Sends parts of the files in {@code directory}.
     *
     * @param missing parts that the manifest lists; others are not sent
     * @return a refusal, if there was one
     */
    public Optional<Answer.Refused> send(
            Path directory, ModelManifest manifest, List<Digest> missing) {
        Map<Digest, Place> places = places(directory, manifest);
        AtomicReference<Optional<Answer.Refused>> refusal = new AtomicReference<>(Optional.empty());
        // Once a part was welcome, so will be the others: asking costs each a round trip.
        AtomicBoolean welcome = new AtomicBoolean();
        List<Runnable> tasks = new ArrayList<>();
        for (Digest digest : missing) {
            Place place = places.get(digest);
            if (place != null) {
                tasks.add(() -> {
                    if (refusal.get().isEmpty()) {
                        switch (send(place, digest, !welcome.get())) {
                            case Answer.Accepted _ -> welcome.set(true);
                            case Answer.Refused refused -> refusal.set(Optional.of(refused));
                        }
                    }
                    progress.run();
                });
            }
        }
        streams.run(tasks);
        return refusal.get();
    }

    /** Whatever a coordinator says against a part that is compressed: it has it as it is then. */
    private Answer send(Place place, Digest digest, boolean asksFirst) {
        EgressGate gate = client.gate();
        Message message =
                place.message(
                        digest,
                        asksFirst,
                        compression.pays(place.file(), place.offset(), place.bytes()));
        Answer answer = gate.send(message);
        return message.compressed() && answer instanceof Answer.Refused
                ? gate.send(message.plain())
                : answer;
    }

    /** How many parts were under way at once in the latest transfer. */
    public int streams() {
        return streams.latest();
    }

    private static Map<Digest, Place> places(Path directory, ModelManifest manifest) {
        Map<Digest, Place> places = new HashMap<>();
        for (ModelManifest.File file : manifest.files()) {
            long offset = 0;
            for (ModelManifest.Part part : file.parts()) {
                places.put(
                        part.digest(),
                        new Place(directory.resolve(file.path()), offset, part.bytes()));
                offset += part.bytes();
            }
        }
        return places;
    }
}
