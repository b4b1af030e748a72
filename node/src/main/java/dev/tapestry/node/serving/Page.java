package dev.tapestry.node.serving;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The files of the page that talks to the model. */
enum Page {
    /** The page. */
    INDEX("/", "index.html", "text/html; charset=utf-8"),
    /** What it does. */
    SCRIPT("/page.js", "page.js", "text/javascript; charset=utf-8"),
    /** How it looks. */
    STYLE("/page.css", "page.css", "text/css; charset=utf-8");

    private final String path;
    private final String type;

    @SuppressWarnings("ImmutableEnumChecker") // nobody writes to it, and nobody else has it
    private final byte[] content;

    Page(String path, String resource, String type) {
        this.path = path;
        this.type = type;
        try (InputStream in = Page.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(resource + " is missing in this program");
            }
            content = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String path() {
        return path;
    }

    String type() {
        return type;
    }

    byte[] bytes() {
        return content.clone();
    }
}
