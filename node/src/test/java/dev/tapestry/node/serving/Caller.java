package dev.tapestry.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the API over real sockets. */
record Caller(int port, HttpClient http) {

    static final JsonMapper JSON = JsonMapper.builder().build();

    static Caller of(int port) {
        return new Caller(port, HttpClient.newHttpClient());
    }

    /** An answer: its status and its body. */
    record Reply(int status, JsonNode body, HttpResponse<String> raw) {

        String text() {
            JsonNode choice = body.path("choices").path(0);
            return choice.path("message")
                    .path("content")
                    .asString(choice.path("text").asString(""));
        }

        String finish() {
            return body.path("choices").path(0).path("finish_reason").asString("");
        }

        /** Refused, as OpenAI's clients read it. */
        Reply refused(int expected, String code) {
            assertThat(status).as(raw.body()).isEqualTo(expected);
            assertThat(body.path("error").path("code").asString("")).isEqualTo(code);
            assertThat(body.path("error").path("message").asString("")).isNotEmpty();
            assertThat(body.path("error").path("type").asString("")).isNotEmpty();
            return this;
        }
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", "application/json");
    }

    Reply send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> raw = http.send(request, HttpResponse.BodyHandlers.ofString());
        boolean json = raw.headers().firstValue("content-type").orElse("").contains("json");
        return new Reply(
                raw.statusCode(), json ? JSON.readTree(raw.body()) : JSON.createObjectNode(), raw);
    }

    Reply post(String path, String json) throws IOException, InterruptedException {
        return send(to(path).POST(HttpRequest.BodyPublishers.ofString(json)).build());
    }

    Reply chat(String model, String question, String more)
            throws IOException, InterruptedException {
        return post("/v1/chat/completions", body(model, question, more));
    }

    static String body(String model, String question, String more) {
        return "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}"
                .formatted(model, question, more);
    }

    /** The events of a stream. */
    record Events(List<JsonNode> all, boolean done) {

        String text() {
            return all.stream()
                    .map(event -> event.path("choices").path(0))
                    .map(choice ->
                            choice.path("delta")
                                    .path("content")
                                    .asString(choice.path("text").asString("")))
                    .collect(Collectors.joining());
        }

        String finish() {
            return all.stream()
                    .map(event -> event.path("choices").path(0).path("finish_reason").asString(""))
                    .collect(Collectors.joining());
        }

        String rule() {
            return all.stream()
                    .map(event -> event.path("tapestry").path("rule").asString(""))
                    .collect(Collectors.joining());
        }
    }

    Events stream(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> raw =
                http.send(
                        to(path).POST(HttpRequest.BodyPublishers.ofString(json)).build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(raw.statusCode()).as(raw.body()).isEqualTo(200);
        assertThat(raw.headers().firstValue("content-type").orElse(""))
                .startsWith("text/event-stream");
        List<JsonNode> events = new ArrayList<>();
        boolean done = false;
        for (String event : raw.body().split("\n\n", -1)) {
            if (event.equals("data: [DONE]")) {
                done = true;
            } else if (!event.isEmpty()) {
                assertThat(event).startsWith("data: ");
                events.add(JSON.readTree(event.substring("data: ".length())));
            }
        }
        return new Events(events, done);
    }

    Events streamedChat(String model, String question, String more)
            throws IOException, InterruptedException {
        return stream("/v1/chat/completions", body(model, question, ",\"stream\":true" + more));
    }
}
