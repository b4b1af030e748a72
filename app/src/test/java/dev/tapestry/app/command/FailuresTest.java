package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.node.NodeException;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the shell sees of a failure of any room. */
final class FailuresTest {

    @ParameterizedTest
    @MethodSource
    void a_failure_ends_with_the_code_of_its_kind_in_whatever_room(
            RuntimeException failure, ExitCode code) {
        assertThat(Failures.code(failure)).isEqualTo(code);
        assertThat(Failures.expected(failure)).isTrue();
    }

    static Stream<Arguments> a_failure_ends_with_the_code_of_its_kind_in_whatever_room() {
        IOException full = new IOException("No space left on device");
        IOException nowhere = new NoSuchFileException("tokenizer.json");
        return Stream.of(
                arguments(
                        new TrustException(TrustException.Code.STORAGE, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new CorpusException(CorpusException.Code.IO, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new AggregationException(AggregationException.Code.IO, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new TrainingException(TrainingException.Code.IO, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new TrainingException(TrainingException.Code.DEVICE, "no GPU"),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new WeightsException(WeightsException.Code.NO_SPACE, "full"),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new NodeException(NodeException.Code.STORAGE, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new CoordinatorException(CoordinatorException.Code.STORAGE, "full", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new CoordinatorException(CoordinatorException.Code.ADDRESS, "taken", full),
                        ExitCode.ENVIRONMENT),
                arguments(
                        new NodeException(NodeException.Code.STOPPED, "stopped"),
                        ExitCode.INTERRUPTED),
                arguments(
                        new TrustException(TrustException.Code.LOG_IN_USE, "in use"),
                        ExitCode.REFUSED),
                arguments(
                        new CorpusException(CorpusException.Code.IO, "none there", nowhere),
                        ExitCode.REFUSED));
    }
}
