package dev.tapestry.coordinator;

import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Failure;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundWork;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * What a monitoring system reads: where the round is, for whom it waits, how far they are, and how
 * this process does. Facts are looked up when they are asked for, from the state that the log leads
 * to and from {@link PresenceBoard}; only answers are counted here, since the process began.
 */
final class Metrics {

    /** Prometheus' text format 0.0.4. */
    static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private final Ledger ledger;
    private final PresenceBoard board;
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    private final Counter answers;

    Metrics(Ledger ledger, PresenceBoard board) {
        this.ledger = ledger;
        this.board = board;
        this.answers =
                Counter.builder()
                        .name("tapestry_answers_total")
                        .help("Requests answered, by route and code; OK is no refusal")
                        .labelNames("method", "route", "code")
                        .register(registry);
        JvmMetrics.builder().register(registry);
        registry.register((MultiCollector) this::facts);
    }

    /** A request was answered as it wished. */
    void answered(HttpApi.Route route) {
        count(route, "OK");
    }

    /** A request was refused. */
    void refused(HttpApi.Route route, ApiRefusal refusal) {
        count(route, refusal.code());
    }

    private void count(HttpApi.Route route, String code) {
        answers.labelValues(route.method(), route.path(), code).inc();
    }

    /** All of it, in the text format. */
    byte[] text() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            writer.write(text, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return text.toByteArray();
    }

    private MetricSnapshots facts() {
        Ledger.Snapshot now = ledger.snapshot();
        MetricSnapshots.Builder facts = MetricSnapshots.builder();
        facts.metricSnapshot(
                single("tapestry_log_entries", "Events in the log", (double) now.version()));
        round(Views.round(now)).forEach(facts::metricSnapshot);
        presence(board.view(now.consortium())).forEach(facts::metricSnapshot);
        return facts.build();
    }

    private static List<MetricSnapshot> round(RoundView view) {
        return List.of(
                single(
                        "tapestry_round",
                        "The latest round of the run, 0 before the first",
                        view.plan().map(plan -> plan.round().value()).orElse(0)),
                each(
                        "tapestry_round_phase",
                        "1 for the phase that the round is in",
                        Arrays.asList(RoundView.Phase.values()),
                        phase -> Labels.of("phase", phase.name()),
                        phase -> phase == view.phase() ? 1 : 0),
                each(
                        "tapestry_round_deadline_timestamp_seconds",
                        "When the waiting ends; absent where nothing is awaited",
                        view.deadline().stream().toList(),
                        _ -> Labels.EMPTY,
                        Metrics::seconds),
                single(
                        "tapestry_run_bases_published",
                        "Bases that the current run has published",
                        view.roundsPublished()),
                single(
                        "tapestry_run_bases_planned",
                        "Bases that the current run will publish, 0 while nothing runs",
                        view.roundsPlanned()));
    }

    private static List<MetricSnapshot> presence(PresenceView view) {
        return List.of(
                members(
                        view,
                        "tapestry_member_awaited",
                        "1 if the round waits for the member",
                        presence -> Optional.of(presence.awaited() ? 1.0 : 0.0)),
                members(
                        view,
                        "tapestry_member_seen_timestamp_seconds",
                        "When the member's node last asked or told something",
                        presence -> presence.seen().map(Metrics::seconds)),
                members(
                        view,
                        "tapestry_member_advanced_timestamp_seconds",
                        "When its work or upload last went on",
                        presence -> presence.advanced().map(Metrics::seconds)),
                members(
                        view,
                        "tapestry_member_upload_received_bytes",
                        "Bytes of its open contribution that have arrived",
                        presence -> Optional.of((double) presence.received())),
                members(
                        view,
                        "tapestry_member_upload_expected_bytes",
                        "Bytes of its open contribution, 0 if none is on its way",
                        presence -> Optional.of((double) presence.expected())),
                members(
                        view,
                        "tapestry_member_steps_done",
                        "Local steps of this round that its node says to have done",
                        presence -> training(presence).map(doing -> (double) doing.done())),
                each(
                        "tapestry_member_doing",
                        "1 for what the node says that it does; code tells what hinders it",
                        view.members().stream().filter(p -> p.activity().isPresent()).toList(),
                        Metrics::doing,
                        _ -> 1),
                each(
                        "tapestry_member_failed_timestamp_seconds",
                        "When the member's node last failed in the round under way, doing what",
                        view.members().stream().filter(p -> p.failure().isPresent()).toList(),
                        Metrics::failure,
                        presence -> seconds(presence.failure().orElseThrow().at())),
                each(
                        "tapestry_coordinator_hindered_timestamp_seconds",
                        "When the coordinator itself could not do something, within two minutes",
                        view.hindrance().stream().toList(),
                        hindrance -> Labels.of("code", hindrance.code()),
                        hindrance -> seconds(hindrance.at())),
                each(
                        "tapestry_coordinator_work_ratio",
                        "How much of its step the coordinator's own work in the round has done",
                        view.work().filter(work -> work.all() > 0).stream().toList(),
                        Metrics::step,
                        work -> (double) work.done() / work.all()),
                each(
                        "tapestry_coordinator_work_since_timestamp_seconds",
                        "When the step of the coordinator's own work began",
                        view.work().stream().toList(),
                        Metrics::step,
                        work -> seconds(work.since())),
                each(
                        "tapestry_coordinator_work_moved_timestamp_seconds",
                        "When it last got on",
                        view.work().stream().toList(),
                        Metrics::step,
                        work -> seconds(work.moved())),
                each(
                        "tapestry_run_standstill",
                        "1 while a run begins no round, and why",
                        view.standstill().stream().toList(),
                        it -> Labels.of("code", it.code().name()),
                        _ -> 1),
                each(
                        "tapestry_round_arrived",
                        "Contributions, or scores, that are in; absent where none are awaited",
                        view.arrived().stream().toList(),
                        _ -> Labels.EMPTY,
                        Integer::doubleValue),
                each(
                        "tapestry_certificate_ends_timestamp_seconds",
                        "Certificates that end within 30 days; the authority's within a year",
                        view.endings(),
                        ending -> Labels.of("holder", ending.holder()),
                        ending -> seconds(ending.ends())));
    }

    private static Labels step(RoundWork work) {
        return Labels.of("step", work.step().name());
    }

    private static Optional<Activity> training(Presence presence) {
        return presence.activity().filter(doing -> doing.doing() == Activity.Doing.TRAINING);
    }

    private static Labels doing(Presence presence) {
        Activity activity = presence.activity().orElseThrow();
        return Labels.of(
                "member",
                presence.member().value(),
                "doing",
                activity.doing().name(),
                "code",
                activity.code().orElse(""));
    }

    private static Labels failure(Presence presence) {
        Failure failure = presence.failure().orElseThrow();
        return Labels.of(
                "member",
                presence.member().value(),
                "during",
                failure.during().map(Activity.Doing::name).orElse(""),
                "code",
                failure.code());
    }

    /** One value for each member of whom it is known. */
    private static MetricSnapshot members(
            PresenceView view,
            String name,
            String help,
            Function<Presence, Optional<Double>> value) {
        return each(
                name,
                help,
                view.members().stream().filter(p -> value.apply(p).isPresent()).toList(),
                presence -> Labels.of("member", presence.member().value()),
                presence -> value.apply(presence).orElseThrow());
    }

    private static MetricSnapshot single(String name, String help, double value) {
        return each(name, help, List.of(value), _ -> Labels.EMPTY, one -> one);
    }

    private static <T> MetricSnapshot each(
            String name,
            String help,
            Collection<T> things,
            Function<T, Labels> labels,
            ToDoubleFunction<T> value) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        for (T thing : things) {
            gauge.dataPoint(
                    GaugeDataPointSnapshot.builder()
                            .labels(labels.apply(thing))
                            .value(value.applyAsDouble(thing))
                            .build());
        }
        return gauge.build();
    }

    private static double seconds(Instant time) {
        return time.toEpochMilli() / 1e3;
    }
}
