package dev.tapestry.app.command;

import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.egress.MessageKind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What crossed the wall of a node, added up. Bytes are those of HTTP bodies.
 *
 * @param kinds by kind of message, those that occurred
 * @param messages all of them
 * @param bytesSent that left
 * @param bytesReceived that arrived
 */
record Receipts(List<Kind> kinds, long messages, long bytesSent, long bytesReceived) {

    /** The messages of one kind. */
    record Kind(MessageKind kind, long messages, long bytesSent, long bytesReceived) {

        private Kind plus(Receipt receipt) {
            return new Kind(
                    kind,
                    messages + 1,
                    bytesSent + receipt.bytesSent(),
                    bytesReceived + receipt.bytesReceived());
        }
    }

    /** Adds receipts up. */
    static Receipts of(Stream<Receipt> receipts) {
        Map<MessageKind, Kind> kinds = new EnumMap<>(MessageKind.class);
        receipts.forEach(receipt ->
                kinds.merge(
                        receipt.kind(),
                        new Kind(receipt.kind(), 0, 0, 0).plus(receipt),
                        (sum, _) -> sum.plus(receipt)));
        List<Kind> list = List.copyOf(kinds.values());
        return new Receipts(
                list,
                list.stream().mapToLong(Kind::messages).sum(),
                list.stream().mapToLong(Kind::bytesSent).sum(),
                list.stream().mapToLong(Kind::bytesReceived).sum());
    }

    /** A table for people. */
    String text() {
        StringBuilder text = new StringBuilder();
        text.append(
                "%-18s %10s %18s %18s%n".formatted("kind", "messages", "bytes out", "bytes in"));
        for (Kind kind : kinds) {
            text.append(row(kind.kind.name(), kind.messages, kind.bytesSent, kind.bytesReceived));
        }
        return text + row("TOTAL", messages, bytesSent, bytesReceived).stripTrailing();
    }

    private static String row(String name, long messages, long sent, long received) {
        return "%-18s %,10d %,18d %,18d%n".formatted(name, messages, sent, received);
    }
}
