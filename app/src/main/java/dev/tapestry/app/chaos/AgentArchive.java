package dev.tapestry.app.chaos;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** The archive that a JVM wants for an agent which is on its class path already. */
public final class AgentArchive {

    private AgentArchive() {}

    /**
     * The option that starts a JVM with an agent.
     *
     * @param directory where the archive is written, if it is not there
     */
    public static String option(Path directory, Class<?> agent) {
        Path archive = directory.resolve(agent.getSimpleName() + ".jar");
        if (!Files.exists(archive)) {
            Manifest manifest = new Manifest();
            Attributes attributes = manifest.getMainAttributes();
            attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
            attributes.putValue("Premain-Class", agent.getName());
            attributes.putValue("Can-Retransform-Classes", "true");
            try (OutputStream out = Files.newOutputStream(archive)) {
                new JarOutputStream(out, manifest).close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return "-javaagent:" + archive;
    }
}
