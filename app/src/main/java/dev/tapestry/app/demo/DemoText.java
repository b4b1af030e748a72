package dev.tapestry.app.demo;

import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.HealthField;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The sources of the members' text. Reading one takes a while, so each is read once, when the first
 * member needs it. Not thread-safe.
 */
final class DemoText {

    private final IntConsumer progress;
    private @Nullable List<GroupedText> definitions;
    private @Nullable Map<Language, List<GroupedText>> debates;

    /**
     * Nothing is read yet.
     *
     * @param progress hears how many documents of a source were read so far
     */
    DemoText(IntConsumer progress) {
        this.progress = progress;
    }

    /** All definitions in health care. */
    List<GroupedText> definitions() {
        List<GroupedText> read = definitions;
        if (read == null) {
            read = HealthDefinitions.read(progress);
            definitions = read;
        }
        return read;
    }

    /** Those of one field. */
    List<GroupedText> definitions(HealthField field) {
        return definitions().stream().filter(field::holds).toList();
    }

    /** The debates of one language that the demo's base has not seen. */
    List<GroupedText> debates(Language language) {
        Map<Language, List<GroupedText>> read = debates;
        if (read == null) {
            read = ParliamentDebates.byLanguage(progress);
            debates = read;
        }
        return OpenSlice.rest(read, language);
    }
}
