package dev.tapestry.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.report.ScatterPlot.Group;
import dev.tapestry.app.report.ScatterPlot.Named;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class ScatterPlotTest {

    private static final ScatterPlot PLOT =
            new ScatterPlot(
                    "Gap & bytes",
                    "times",
                    "percent",
                    List.of(
                            new Group(
                                    "short",
                                    List.of(
                                            new Named("1", 4, 0.5),
                                            new Named("2", 40, -1),
                                            new Named("3", 400, 2))),
                            new Group("long", List.of(new Named("4", 30, 1)))));

    @Test
    void equal_factors_are_equally_far_apart_between_round_ticks() throws Exception {
        List<Element> marks = elements("circle").stream().limit(3).toList();
        double first = number(marks.get(0), "cx");
        double second = number(marks.get(1), "cx");
        double third = number(marks.get(2), "cx");
        assertThat(second - first).isPositive().isCloseTo(third - second, within(0.2));
        assertThat(number(marks.get(1), "cy")).isGreaterThan(number(marks.get(0), "cy"));
        assertThat(elements("text").stream().map(Element::getTextContent))
                .contains("2", "5", "10", "20", "50", "100", "200", "500")
                .contains("short", "long", "Gap & bytes");
    }

    @Test
    void a_single_point_on_a_round_number_is_drawn() {
        ScatterPlot one =
                new ScatterPlot(
                        "t", "x", "y", List.of(new Group("one", List.of(new Named("1", 2, 1)))));
        assertThat(one.svg()).contains("<circle").doesNotContain("NaN");
    }

    @Test
    void what_cannot_be_drawn_is_nothing() {
        assertThat(new ScatterPlot("t", "x", "y", List.of(new Group("none", List.of()))).svg())
                .isEmpty();
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }

    /** Of the picture as a file of its own, which must be XML in SVG's namespace. */
    private static List<Element> elements(String name) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document picture =
                factory.newDocumentBuilder()
                        .parse(new InputSource(new StringReader(Html.picture(PLOT.svg()))));
        NodeList found = picture.getElementsByTagNameNS("http://www.w3.org/2000/svg", name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }
}
