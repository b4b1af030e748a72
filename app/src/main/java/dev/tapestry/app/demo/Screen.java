package dev.tapestry.app.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * What people see while the demo runs: lines that stay, and on a terminal one line below them that
 * changes. In a file that one is a line among the others, now and then.
 */
final class Screen {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final String CLEAR_LINE = "\r\u001b[2K";
    private static final int WIDTH = 160;
    private static final Duration BETWEEN_STATUS_LINES = Duration.ofSeconds(10);

    private final PrintStream out;
    private final boolean live;
    private long lastStatus = System.nanoTime();
    private boolean silent;

    /**
     * A screen.
     *
     * @param live whether a line can be drawn over
     */
    Screen(PrintStream out, boolean live) {
        this.out = out;
        this.live = live;
    }

    /** A line that stays. */
    synchronized void step(String line) {
        if (silent) {
            return;
        }
        if (live) {
            out.print(CLEAR_LINE);
        }
        out.println(LocalTime.now(ZoneId.systemDefault()).format(TIME) + "  " + line);
        out.flush();
    }

    /** The changing line; in a file it is left out most of the time. */
    synchronized void status(String line) {
        if (silent) {
            return;
        }
        if (live) {
            out.print(CLEAR_LINE + (line.length() > WIDTH ? line.substring(0, WIDTH) : line));
            out.flush();
        } else if (System.nanoTime() - lastStatus > BETWEEN_STATUS_LINES.toNanos()) {
            lastStatus = System.nanoTime();
            step(line);
        }
    }

    /** The last line that stays: what is still under way is not told any more. */
    synchronized void last(String line) {
        step(line);
        silent = true;
    }

    /** Text as it is. */
    synchronized void print(String text) {
        if (live) {
            out.print(CLEAR_LINE);
        }
        out.print(text);
        out.flush();
    }
}
