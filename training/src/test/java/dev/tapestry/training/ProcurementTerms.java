package dev.tapestry.training;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Terms of public procurement with what they mean, in 24 languages, aligned by key (© European
 * Union, eForms SDK, CC BY 4.0).
 */
final class ProcurementTerms {

    private ProcurementTerms() {}

    /** A term. */
    record Term(String key, String name, String description) {

        /** Held out by key: in all languages at once. */
        boolean heldOut() {
            return Math.floorMod(key.hashCode(), 6) == 0;
        }
    }

    /** Those of a language that have a description, by key. */
    static List<Term> in(String language) {
        Map<String, String> entries = entries(language);
        List<Term> terms = new ArrayList<>();
        entries.forEach((key, name) -> {
            String description = entries.get(key.replace("|name|", "|description|"));
            if (key.contains("|name|") && description != null && !description.isBlank()) {
                terms.add(new Term(key, name.strip(), description.strip()));
            }
        });
        return terms;
    }

    private static Map<String, String> entries(String language) {
        String resource = "/eforms-sdk/translations/business-term_" + language + ".xml";
        try (InputStream in = ProcurementTerms.class.getResourceAsStream(resource)) {
            XMLInputFactory factory = XMLInputFactory.newFactory();
            factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
            XMLStreamReader reader = factory.createXMLStreamReader(in);
            Map<String, String> entries = new TreeMap<>();
            while (reader.hasNext()) {
                if (reader.next() == XMLStreamReader.START_ELEMENT
                        && reader.getLocalName().equals("entry")) {
                    entries.put(reader.getAttributeValue(null, "key"), reader.getElementText());
                }
            }
            return entries;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (XMLStreamException e) {
            throw new IllegalStateException(e);
        }
    }
}
