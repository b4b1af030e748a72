package dev.tapestry.app.example;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.HealthField;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.app.text.ProcurementTerms;
import dev.tapestry.app.text.QuestionAnswer;
import dev.tapestry.app.text.SoftwareSources;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BundledTexts;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The open texts that builds may name: running text, and conversations, preferences and
 * examinations made of questions with known answers. All of it lies in this program's own jars.
 */
public final class ExampleTexts implements BundledTexts {

    /**
     * Writes a text into a directory, if it is not there yet: reading it takes a while.
     *
     * @param last the file that is written last
     */
    private record Laying(String last, Consumer<Path> writing) {
        void in(Path directory) {
            if (!Files.exists(directory.resolve(last))) {
                writing.accept(directory);
            }
        }
    }

    private final Map<String, Laying> texts = new TreeMap<>();

    /** Nothing is read yet. */
    public ExampleTexts() {
        text("open-slice", Cards.debates("mul"), () -> OpenSlice.documents(debates()));
        text("finnish", Cards.debates("fi"), () -> OpenSlice.rest(debates(), Language.FI));
        text("health", Cards.health(", without pharmacies"), () -> health(false));
        text("pharmacy", Cards.health(", pharmacies"), () -> health(true));
        text("software", Cards.software(), SoftwareSources::documents);
        questions("finnish", Cards.procurement("fi"), ExampleTexts::finnishQuestions);
        questions("health", Cards.health(", without pharmacies"), () -> healthQuestions(false));
        questions("pharmacy", Cards.health(", pharmacies"), () -> healthQuestions(true));
        questions("software", Cards.software(), SoftwareSources::classes);
    }

    private static Map<Language, List<GroupedText>> debates() {
        return ParliamentDebates.byLanguage();
    }

    private static List<GroupedText> health(boolean pharmacies) {
        return HealthDefinitions.read().stream()
                .filter(document -> HealthField.PHARMACY.holds(document) == pharmacies)
                .toList();
    }

    private static List<QuestionAnswer> healthQuestions(boolean pharmacies) {
        return HealthDefinitions.elements().stream()
                .filter(question -> HealthField.PHARMACY.holds(question) == pharmacies)
                .toList();
    }

    private static List<QuestionAnswer> finnishQuestions() {
        return Stream.of(
                        ProcurementTerms.meanings(
                                Language.FI, "Mitä hankintatermi \"%s\" tarkoittaa?"),
                        ProcurementTerms.goods(Language.FI, "Mitä \"%s\" on suomeksi?"))
                .flatMap(List::stream)
                .toList();
    }

    /** What gives documents or questions when it is asked. */
    private interface Reading<T> {
        List<T> read();
    }

    private void text(String name, DatasetCard card, Reading<GroupedText> documents) {
        dataSet(name, card, documents);
    }

    private void questions(String name, DatasetCard card, Reading<QuestionAnswer> questions) {
        dataSet(name + "-chats", card, () -> Lines.chats(new QuestionBook(questions.read())));
        dataSet(name + "-pairs", card, () -> Lines.pairs(new QuestionBook(questions.read())));
        texts.put(
                name + "-questions",
                new Laying(
                        QuestionSuite.FILE,
                        directory ->
                                QuestionSuite.write(
                                        directory,
                                        name,
                                        card,
                                        new QuestionBook(questions.read()))));
    }

    private <T extends Record> void dataSet(String name, DatasetCard card, Reading<T> lines) {
        texts.put(
                name,
                new Laying(
                        DatasetCard.FILE_NAME,
                        directory -> CorpusDirectory.write(directory, card, lines.read())));
    }

    /** What the texts are called. */
    public Set<String> names() {
        return Collections.unmodifiableSet(texts.keySet());
    }

    @Override
    public void lay(String name, Path directory) {
        Laying laying = texts.get(name);
        if (laying == null) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "bundled: there is no text '%s'; those that come with this program are %s"
                            .formatted(name, String.join(", ", texts.keySet())));
        }
        try {
            laying.in(directory);
        } catch (UncheckedIOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot write %s: %s".formatted(directory, e.getMessage()), e);
        }
    }
}
