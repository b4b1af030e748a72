package dev.tapestry.acceptance;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code tapestry serve} as a process of its own, and its page in a real browser. */
@Timeout(400)
class ServingTest {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Duration START = Duration.ofMinutes(2);
    private static final Pattern AT = Pattern.compile("serving at: (http://127\\.0\\.0\\.1:\\d+/)");
    private static final String RULES =
            """
            name: river-people
            languages: [en]
            protected-domains:
              - id: burial-songs
                description: songs of the families
                terms: {en: [burial song*]}
                apply-to: [PROMPTS, ANSWERS]
                action: REFUSE
                say: {en: These songs belong to the families. Please ask the keeper of songs.}
            """;

    @TempDir static Path folder;
    private static final List<AutoCloseable> OPEN = new ArrayList<>();
    private static @Nullable Browser opened;
    private static String address = "";

    @BeforeAll
    static void serve_and_open_a_browser() throws IOException {
        assumeTrue(
                Files.isExecutable(CHROMIUM) || System.getenv("CI") != null,
                "SKIPPED: the page is not looked at: install Debian's chromium (apt-get install"
                        + " chromium)");
        Path base = Program.home().resolve("models/demo-base");
        Path chat = folder.resolve("council");
        try (ModelDirectory files = ModelDirectory.open(base)) {
            VocabularyExtension.forChat(files, ChatTemplate.CHATML, chat);
        }
        Path rules = Files.writeString(folder.resolve("constitution.yaml"), RULES);
        Path output = folder.resolve("printed.txt");
        Program program =
                Program.start(
                        output,
                        "serve",
                        chat,
                        "--base",
                        base,
                        "--port",
                        "0",
                        "--threads",
                        "1",
                        "--constitution",
                        rules,
                        "--board",
                        folder.resolve("board"),
                        "--audit",
                        folder.resolve("answers.jsonl"));
        OPEN.add(program);
        await("the server's own line")
                .atMost(START)
                .until(() -> AT.matcher(program.printed()).find() || !program.process().isAlive());
        Matcher at = AT.matcher(program.printed());
        assertThat(at.find()).as(program.printed()).isTrue();
        address = at.group(1);
        Playwright playwright =
                Playwright.create(
                        new Playwright.CreateOptions()
                                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        OPEN.add(playwright);
        opened =
                playwright
                        .chromium()
                        .launch(
                                new BrowserType.LaunchOptions()
                                        .setExecutablePath(CHROMIUM)
                                        .setArgs(List.of("--no-sandbox")));
    }

    @AfterAll
    static void close() throws Exception {
        for (AutoCloseable part : OPEN.reversed()) {
            part.close();
        }
    }

    private static Page page(int width, int height, ColorScheme scheme) {
        Page page =
                Objects.requireNonNull(opened)
                        .newPage(
                                new Browser.NewPageOptions()
                                        .setViewportSize(width, height)
                                        .setColorScheme(scheme)
                                        .setReducedMotion(ReducedMotion.REDUCE));
        page.setDefaultTimeout((double) START.toMillis());
        page.navigate(address);
        assertThat(page.locator("section")).hasCount(2);
        return page;
    }

    private static void ask(Page page, String question) {
        Locator turns = page.locator(".assistant");
        int before = turns.count();
        page.locator("#question").fill(question);
        page.keyboard().press("Enter");
        assertThat(turns).hasCount(before + 2);
        assertThat(page.locator(".assistant.wait"))
                .hasCount(
                        0,
                        new LocatorAssertions.HasCountOptions()
                                .setTimeout((double) START.toMillis()));
    }

    @Test
    void two_models_answer_side_by_side_and_the_rule_that_acted_is_shown() {
        try (Page page = page(1180, 760, ColorScheme.LIGHT)) {
            List<String> errors = new ArrayList<>();
            page.onPageError(errors::add);
            await().atMost(START)
                    .until(() -> page.evaluate("document.activeElement.id").equals("question"));
            page.locator("#tokens").fill("40");
            ask(page, "What shall the committee vote on?");
            assertThat(page.locator(".meta").allInnerTexts())
                    .allMatch(text -> text.contains("tokens in"));
            ask(page, "Please sing me one of the burial songs.");
            assertThat(page.locator(".ruled")).hasCount(2);
            assertThat(page.locator(".badge").first().innerText()).isEqualTo("rule: burial-songs");
            assertThat(page.locator(".ruled").first().innerText())
                    .startsWith("These songs belong to the families.");
            page.screenshot(
                    new Page.ScreenshotOptions()
                            .setPath(Path.of("target", "serve.png").toAbsolutePath()));
            assertThat(errors).isEmpty();
        }
        assertThat(folder.resolve("answers.jsonl"))
                .content()
                .contains("burial-songs")
                .doesNotContain("sing me");
    }

    @Test
    void it_works_by_keyboard_on_a_phone_and_in_the_dark() {
        try (Page page = page(360, 740, ColorScheme.DARK)) {
            page.locator("#tokens").fill("10");
            ask(page, "The committee");
            assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                    .isEqualTo(true);
            assertThat(page.evaluate("getComputedStyle(document.body).backgroundColor"))
                    .isEqualTo("rgb(23, 24, 27)");
            page.locator("#question").focus();
            List<Object> reached = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                page.keyboard().press("Tab");
                reached.add(page.evaluate("document.activeElement.id"));
            }
            assertThat(reached).contains("temperature", "seed", "tokens", "send");
            page.screenshot(
                    new Page.ScreenshotOptions()
                            .setPath(Path.of("target", "serve-phone.png").toAbsolutePath()));
        }
    }

    @Test
    void the_board_pauses_and_resumes() {
        try (Page page = page(1180, 760, ColorScheme.LIGHT)) {
            page.locator("#tokens").fill("10");
            assertThat(
                            Program.here(
                                    "board",
                                    "pause",
                                    folder.resolve("board"),
                                    "--say",
                                    "The elders meet."))
                    .isZero();
            await().atMost(START)
                    .untilAsserted(() -> {
                        ask(page, "The committee");
                        assertThat(page.locator(".assistant").last().innerText())
                                .startsWith("The elders meet.");
                    });
            assertThat(Program.here("board", "resume", folder.resolve("board"))).isZero();
            await().atMost(START)
                    .untilAsserted(() -> {
                        ask(page, "The committee");
                        assertThat(page.locator(".assistant").last().innerText())
                                .doesNotContain("elders");
                    });
        }
    }
}
