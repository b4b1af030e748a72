package dev.tapestry.node;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.OutputStream;

/** Answers requests, some of them badly. */
final class FaultyExchange implements HttpHandler {

    /** What goes wrong on the way. */
    enum Fault {
        NONE,
        BUSY,
        CUT,
        CORRUPT,
        FORGOTTEN,
        REPLACED,
        REVOKED,
        UNKNOWN
    }

    /** Decides what goes wrong with a request; asked once for each. */
    @FunctionalInterface
    interface Faults {
        Fault at(String method, String path);
    }

    /** What a sound server would answer: bytes or a document. */
    @FunctionalInterface
    interface Server {
        Object answer(String method, String path, byte[] body) throws InterruptedException;
    }

    private final Faults faults;
    private final Server server;

    FaultyExchange(Faults faults, Server server) {
        this.faults = faults;
        this.server = server;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString();
        String method = exchange.getRequestMethod();
        Fault fault = faults.at(method, path);
        switch (fault) {
            case BUSY -> refuse(exchange, 503, new ErrorReply("BUSY", "later"));
            case FORGOTTEN -> {
                exchange.getRequestBody().readAllBytes();
                refuse(exchange, 409, new ErrorReply("NOT_AWAITED", "post its manifest first"));
            }
            case REPLACED ->
                    refuse(exchange, 403, new ErrorReply("CERTIFICATE_REPLACED", "enrolled again"));
            case UNKNOWN -> refuse(exchange, 404, new ErrorReply("UNKNOWN_ROUTE", "none such"));
            case REVOKED -> refuse(exchange, 403, new ErrorReply("REVOKED", "you left"));
            case CUT, CORRUPT, NONE -> {
                if (fault == Fault.CUT && method.equals("PUT")) {
                    exchange.getRequestBody().readNBytes(10);
                    exchange.close();
                    return;
                }
                serve(exchange, method, path, fault);
            }
        }
    }

    private void serve(HttpExchange exchange, String method, String path, Fault fault)
            throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            Object reply = server.answer(method, path, body);
            byte[] bytes = reply instanceof byte[] raw ? raw : CanonicalJson.write(reply);
            send(exchange, 200, bytes, fault);
        } catch (Refusal refusal) {
            refuse(exchange, refusal.status(), new ErrorReply(refusal.code(), "no"));
        } catch (InterruptedException e) {
            exchange.close();
        }
    }

    static void refuse(HttpExchange exchange, int status, ErrorReply why) throws IOException {
        send(exchange, status, CanonicalJson.write(why), Fault.NONE);
    }

    private static void send(HttpExchange exchange, int status, byte[] body, Fault fault)
            throws IOException {
        byte[] sent = body.clone();
        if (fault == Fault.CORRUPT) {
            sent[sent.length / 2] ^= 1;
        }
        exchange.sendResponseHeaders(status, sent.length == 0 ? -1 : sent.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(sent, 0, fault == Fault.CUT ? sent.length / 2 : sent.length);
        } finally {
            exchange.close();
        }
    }
}
