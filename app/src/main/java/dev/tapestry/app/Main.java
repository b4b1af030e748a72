package dev.tapestry.app;

/** Probe. */
public final class Main {
    private Main() {}

    /** Probe. */
    public static void main(String[] args) {
        var all = dev.tapestry.app.text.ParliamentDebates.byLanguage();
        all.forEach((l, d) ->
                System.out.println(
                        l
                                + " "
                                + d.size()
                                + " "
                                + d.stream().mapToLong(x -> x.text().length()).sum()));
        var h = dev.tapestry.app.text.HealthDefinitions.read();
        System.out.println(
                h.size()
                        + " "
                        + h.stream().mapToLong(x -> x.text().length()).sum()
                        + "\n"
                        + h.get(100).text().substring(0, 500));
    }
}
