package dev.tapestry.app.report;

import java.util.List;

/** The parts of a self-contained page. */
public final class Html {

    private static final String CHART =
            "svg .grid { stroke: #e4e4e4; } svg text { font-size: 12px; fill: #444; } svg .title { font-size: 14px; font-weight: 600; } svg .mark { font-size: 9px; }";

    private static final String STYLE =
            """
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
            table { border-collapse: collapse; margin: 1rem 0; }
            th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
            th:first-child, td:first-child { text-align: left; }
            svg { width: 100%%; height: auto; margin: 1rem 0; }
            %s
            code { background: #f3f3f3; padding: 0 .2rem; } .note { color: #555; }
            @media (prefers-color-scheme: dark) { body { background: #161616; color: #ddd; } svg text { fill: #bbb; }
              th, td { border-color: #333; } svg .grid { stroke: #333; } code { background: #262626; } .note { color: #aaa; } }
            """
                    .formatted(CHART);

    private Html() {}

    /** A whole page around {@code body}. */
    public static String page(String title, String body) {
        return """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>%s</title><style>%s</style></head>
        <body>
        <h1>%s</h1>
        %s
        </body></html>
        """
                .formatted(escape(title), STYLE, escape(title), body);
    }

    /** A chart as a file of its own, for documents that show pictures; on white. */
    public static String picture(String svg) {
        return svg.replaceFirst(
                "<svg ([^>]*)>",
                """
                <svg xmlns="http://www.w3.org/2000/svg" $1>
                <style>svg { font-family: system-ui, sans-serif; } %s</style>
                <rect width="100%%" height="100%%" fill="#fff"/>\
                """
                        .formatted(CHART));
    }

    /** A table; the first row is its head. */
    public static String table(List<List<String>> rows) {
        StringBuilder out = new StringBuilder("<table>\n");
        for (int i = 0; i < rows.size(); i++) {
            String cell = i == 0 ? "th" : "td";
            out.append("<tr>");
            rows.get(i)
                    .forEach(value ->
                            out.append("<%s>%s</%s>".formatted(cell, escape(value), cell)));
            out.append("</tr>\n");
        }
        return out.append("</table>\n").toString();
    }

    /** Makes text safe inside elements and quoted attributes. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
