package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The text files of a corpus. No link is followed and nothing outside the directory is named: a
 * corpus that somebody else packed cannot make a node read its operator's other files.
 *
 * @param root the corpus directory with its own links resolved
 * @param names paths relative to it with {@code /}, sorted
 */
public record CorpusFiles(Path root, List<String> names) {

    /** The files of a corpus as its card names them, or all with the ending of its format. */
    public static CorpusFiles of(Path directory, DatasetCard card) {
        return of(directory, card, card.textFormat());
    }

    /** The same where somebody says that the files have another format than the card's. */
    public static CorpusFiles of(Path directory, DatasetCard card, TextFormat format) {
        try {
            Path root = directory.toRealPath();
            List<String> names = card.files().isEmpty() ? found(root, format) : card.files();
            CorpusFiles files = new CorpusFiles(root, names.stream().sorted().distinct().toList());
            files.names.forEach(files::checked);
            if (files.names.isEmpty()) {
                throw new CorpusException(
                        Code.NOTHING_TO_READ,
                        "no file in %s ends with '%s', which the text-format '%s' asks for"
                                .formatted(root, format.fileEnding(), format.word()));
            }
            return files;
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot list " + directory + ": " + e, e);
        }
    }

    /** The path of a file, after making sure that it is a regular file inside the directory. */
    public Path checked(String name) {
        try {
            Path path = root.resolve(name).normalize();
            if (!path.startsWith(root) || path.equals(root)) {
                throw refused(name, "lies outside the corpus directory " + root);
            }
            Path part = root;
            for (Path step : root.relativize(path)) {
                part = part.resolve(step);
                if (Files.isSymbolicLink(part)) {
                    throw refused(
                            name, "is or goes through a symbolic link; copy the file instead");
                }
            }
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw refused(name, "is not a regular file");
            }
            return path;
        } catch (InvalidPathException e) {
            throw refused(name, "is not a file name: " + e.getReason());
        }
    }

    private static List<String> found(Path root, TextFormat format) throws IOException {
        try (Stream<Path> walk = Files.walk(root)) {
            return walk.filter(path -> !path.equals(root))
                    .filter(path ->
                            path.getFileName().toString().endsWith(format.fileEnding())
                                    || Files.isSymbolicLink(path))
                    .map(path -> root.relativize(path).toString().replace('\\', '/'))
                    .toList();
        }
    }

    private static CorpusException refused(String name, String reason) {
        return new CorpusException(Code.PATH_REFUSED, "'" + name + "' " + reason);
    }
}
