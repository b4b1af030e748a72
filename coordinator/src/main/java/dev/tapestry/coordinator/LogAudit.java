package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.AuditRules;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.LogKeys;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Replays a log for an auditor, entry by entry: each must be an event that the rules would have
 * written after those before it, and what members signed must be what the log says. Not
 * thread-safe.
 */
final class LogAudit {

    private static final int EXCERPT = 200;

    private final String origin;
    private final Evidence evidence;
    private final RoundHistory history = new RoundHistory();
    private final List<Digest> roots = new ArrayList<>(List.of(TreeEdge.EMPTY.root()));
    private TreeEdge edge = TreeEdge.EMPTY;
    private Optional<Consortium> state = Optional.empty();
    private Optional<LogKeys> keys = Optional.empty();
    private long latestBase = -1;
    private long checkedManifests;
    private long missingManifests;

    /** What there is beside the log. */
    interface Evidence {

        /** The members' agreement to a move. */
        Optional<MoveAgreement> move(Digest agreement);

        /** A contribution's signed envelope. */
        Optional<byte[]> contribution(Digest envelope);
    }

    LogAudit(String origin, Evidence evidence) {
        this.origin = origin;
        this.evidence = evidence;
    }

    /** Takes in the next entry; what is wrong with it, if anything is. Ends with the first. */
    Optional<BadEntry> next(byte[] entry) {
        ConsortiumEvent event;
        try {
            event = CanonicalJson.read(entry, ConsortiumEvent.class);
        } catch (TrustException e) {
            return bad("no event", e.getMessage() + "\n" + excerpt(entry));
        }
        String name = event.getClass().getSimpleName();
        try {
            Optional<String> breach =
                    state.isPresent() ? breach(event, state.get()) : Optional.empty();
            if (breach.isPresent()) {
                return bad(name, breach.get());
            }
            state.ifPresent(before -> history.accept(event, before));
            state =
                    Optional.of(
                            state.isPresent()
                                    ? state.get().apply(event)
                                    : Consortium.replay(List.of(event)));
            note(event);
        } catch (IllegalArgumentException e) {
            return bad(name, String.valueOf(e.getMessage()));
        }
        edge = edge.with(entry);
        roots.add(edge.root());
        return Optional.empty();
    }

    private Optional<BadEntry> bad(String event, String problem) {
        return Optional.of(new BadEntry(edge.size(), event, problem));
    }

    static String excerpt(byte[] entry) {
        String text = new String(entry, UTF_8);
        return text.length() > EXCERPT ? text.substring(0, EXCERPT) + "…" : text;
    }

    private Optional<String> breach(ConsortiumEvent event, Consortium before) {
        Optional<String> ruled = AuditRules.breach(before, event);
        if (ruled.isPresent()) {
            return ruled;
        }
        return switch (event) {
            case CoordinatorMoved moved ->
                    Moves.breach(
                            moved,
                            before,
                            origin,
                            edge.size(),
                            edge.root(),
                            evidence.move(moved.statements()));
            case SigningKeyReplaced replaced -> unstated(replaced, before);
            case ContributionAdmitted admitted -> signed(admitted.contribution(), before);
            case ConsortiumEvent _ -> Optional.empty();
        };
    }

    /** Whether a member has said, with both keys, that another takes the place of its key. */
    private static Optional<String> unstated(SigningKeyReplaced event, Consortium before) {
        Member member = before.members().get(event.member());
        if (member == null) {
            return Optional.empty(); // the rules have said so
        }
        try {
            return KeyReplacement.proves(event, new VerifyingKey(member.signingKey()))
                    ? Optional.empty()
                    : Optional.of(
                            "%s states another key than %s"
                                    .formatted(event.member(), event.signingKey()));
        } catch (TrustException | IllegalArgumentException e) {
            return Optional.of(event.member() + ": " + e.getMessage());
        }
    }

    /** Whether a contribution is what its member signed, as far as the manifest is here. */
    private Optional<String> signed(Contribution contribution, Consortium before) {
        Optional<byte[]> envelope = evidence.contribution(contribution.envelope());
        Member member = before.members().get(contribution.member());
        Optional<RoundPlan> plan = before.trainedBy(contribution);
        if (envelope.isEmpty() || member == null || plan.isEmpty()) {
            missingManifests++;
            return Optional.empty();
        }
        checkedManifests++;
        if (!SignedManifest.isOf(envelope.get(), contribution)) {
            return Optional.of(contribution.member() + ": the signed manifest is another one");
        }
        try {
            ContributionManifest manifest =
                    SignedManifest.open(envelope.get(), member.signingKey());
            return SignedManifest.differences(manifest, plan.get(), contribution).stream()
                    .findFirst()
                    .or(() ->
                            Grounds.refusal(
                                            manifest.grounds(),
                                            CanonicalJson.digest(before.charter()),
                                            this::root)
                                    .map(why -> contribution.member() + ": " + why.detail()));
        } catch (TrustException | IllegalArgumentException e) {
            return Optional.of(contribution.member() + ": " + e.getMessage());
        }
    }

    private void note(ConsortiumEvent event) {
        switch (event) {
            case ConsortiumEvent.Founded founded ->
                    keys = Optional.of(LogKeys.of(new VerifyingKey(founded.coordinatorKey())));
            case CoordinatorMoved moved ->
                    keys =
                            keys.map(known ->
                                    known.then(edge.size(), new VerifyingKey(moved.key())));
            case ConsortiumEvent.BaseAdopted _, ConsortiumEvent.BasePublished _ ->
                    latestBase = edge.size();
            case ConsortiumEvent _ -> {}
        }
    }

    /** The tree over what was taken in. */
    TreeEdge edge() {
        return edge;
    }

    /** The root after so many entries, if so many were taken in. */
    Optional<Digest> root(long size) {
        return size < roots.size() ? Optional.of(roots.get((int) size)) : Optional.empty();
    }

    /** Where all entries lead; empty before the first. */
    Optional<Consortium> state() {
        return state;
    }

    /** Who may have signed how far; empty before the first entry. */
    Optional<LogKeys> keys() {
        return keys;
    }

    RoundHistory history() {
        return history;
    }

    /** The entry that made the latest base; −1 before there is one. */
    long latestBase() {
        return latestBase;
    }

    long checkedManifests() {
        return checkedManifests;
    }

    long missingManifests() {
        return missingManifests;
    }
}
