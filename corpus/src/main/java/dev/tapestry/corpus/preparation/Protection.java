package dev.tapestry.corpus.preparation;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Drops documents that touch a protected domain; the report has the domains' ids and counts. */
final class Protection implements DocumentStep {

    private final ProtectedText protectedText;

    Protection(ProtectedText protectedText) {
        this.protectedText = protectedText;
    }

    @Override
    public String name() {
        return "protected-domains";
    }

    @Override
    public Outcome apply(Draft draft) {
        List<ProtectedText.Passage> passages = protectedText.find(draft.text());
        if (passages.isEmpty()) {
            return Outcome.kept(draft);
        }
        Map<String, Integer> domains = new TreeMap<>();
        passages.forEach(passage -> domains.merge(passage.domain(), 1, (one, _) -> one));
        return new Outcome.Dropped(domains);
    }
}
