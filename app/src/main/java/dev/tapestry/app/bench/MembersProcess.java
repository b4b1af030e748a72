package dev.tapestry.app.bench;

import dev.tapestry.node.Enrolment;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.weights.DType;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Some members' nodes in one process, each with its own identity, gate and connections; all take a
 * step at the same time. For a coordinator they are as many members as in processes of their own,
 * but a machine with few processors can start them.
 */
final class MembersProcess {

    private MembersProcess() {}

    /** A member at work. */
    private record Working(Node node, RoundMember member) {

        static Working enrolled(Path directory, String token, DType dtype) {
            NodeHome home = new NodeHome(directory);
            Membership membership =
                    Enrolment.standard(
                                    Optional.empty(), outage -> System.err.println(outage.reason()))
                            .join(home, token)
                            .membership();
            NodeConfig config =
                    NodeConfig.standard(membership.member(), home.directory().resolve("corpus"));
            Node node =
                    Node.open(
                            home,
                            config,
                            NodeProgress.silent(),
                            InstantSource.system(),
                            RetryPolicy.standard(new SecureRandom()));
            return new Working(
                    node, new RoundMember(node.coordinator(), home, config, membership, dtype));
        }

        long step(RoundStep step) {
            long before = moved();
            member.step(step);
            return moved() - before;
        }

        private long moved() {
            return node.traffic().up() + node.traffic().down();
        }
    }

    /**
     * Takes steps as it is told on its standard input, and ends with that.
     *
     * @param arguments a dtype; then, for each member, a directory and a token
     */
    public static void main(String[] arguments) throws Exception {
        DType dtype = DType.valueOf(arguments[0]);
        List<Working> members = new ArrayList<>();
        try (ExecutorService threads = Executors.newCachedThreadPool();
                BufferedReader orders =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (int i = 1; i < arguments.length; i += 2) {
                members.add(Working.enrolled(Path.of(arguments[i]), arguments[i + 1], dtype));
            }
            System.out.println("joined");
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                RoundStep step = RoundStep.valueOf(line.substring("step ".length()));
                System.out.println("stepped " + all(members, step, threads));
            }
        } finally {
            members.forEach(member -> member.node().close());
        }
    }

    private static long all(List<Working> members, RoundStep step, ExecutorService threads)
            throws InterruptedException, ExecutionException {
        List<Callable<Long>> tasks = new ArrayList<>();
        for (Working member : members) {
            tasks.add(() -> member.step(step));
        }
        long moved = 0;
        for (Future<Long> done : threads.invokeAll(tasks)) {
            moved += done.get();
        }
        return moved;
    }
}
