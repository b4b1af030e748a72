package dev.tapestry.node.serving;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.egress.ModelServer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A model that is served until it is closed. */
public final class Serving implements AutoCloseable {

    /** Under which name the base answers. */
    public static final String BASE = "base";

    private final ModelApi api;
    private final Board board;
    private final List<AutoCloseable> parts;

    private Serving(ModelApi api, Board board, List<AutoCloseable> parts) {
        this.api = api;
        this.board = board;
        this.parts = parts;
    }

    /**
     * Puts everything together; nothing listens yet.
     *
     * @throws NodeException if something of the plan cannot be used
     */
    public static Serving assemble(ServingPlan plan, InstantSource clock) {
        List<AutoCloseable> parts = new ArrayList<>();
        try {
            Optional<Guard> guard = plan.constitution().map(Guard::read);
            Board board =
                    kept(
                            parts,
                            Board.following(
                                    plan.board(),
                                    plan.boardKey(),
                                    plan.audit().map(Serving::seen)));
            AuditTrail audit =
                    kept(
                            parts,
                            plan.audit()
                                    .map(file -> AuditTrail.in(file, plan.auditContent(), clock))
                                    .orElseGet(AuditTrail::none));
            List<Source> sources = new ArrayList<>();
            int door = parts.size();
            for (Path model : plan.model().stream().toList()) {
                sources.add(kept(parts, ServedModel.load(model, plan.name(), plan.engine())));
            }
            plan.gateway()
                    .map(server -> behind(server, plan.name()))
                    .ifPresent(source -> sources.add(kept(parts, source)));
            for (Path base : plan.base().stream().toList()) {
                sources.add(kept(parts, ServedModel.load(base, BASE, plan.engine())));
            }
            int places = plan.engine().sequences() + plan.engine().waiting();
            AnswerDesk desk = new AnswerDesk(guard, board, audit, places);
            ModelApi api = new ModelApi(plan.listening(), sources, desk, clock);
            // Closed after the sources: answers under way then end with a word of why.
            parts.add(door, api);
            return new Serving(api, board, parts);
        } catch (RuntimeException e) {
            close(parts);
            throw e;
        }
    }

    /** Beside the record, where a board's hand does not reach, stands what was seen of it. */
    private static Path seen(Path audit) {
        return audit.resolveSibling(audit.getFileName() + ".board");
    }

    private static GatewaySource behind(Gateway gateway, String name) {
        return new GatewaySource(
                name, gateway.model(), ModelServer.at(gateway.address(), gateway.key()));
    }

    private static <T extends AutoCloseable> T kept(List<AutoCloseable> parts, T part) {
        parts.add(part);
        return part;
    }

    /** Opens the port. */
    public void start() {
        api.start();
    }

    /** The port that is open. */
    public int port() {
        return api.port();
    }

    /** What people read instead of answers, if the review board has paused the model. */
    public Optional<String> paused() {
        return board.paused();
    }

    /** Ends answers under way, and everything else. */
    @Override
    public void close() {
        close(parts);
    }

    private static void close(List<AutoCloseable> parts) {
        for (AutoCloseable part : parts.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IllegalStateException("parts of a server close without a failure", e);
            }
        }
    }
}
