package dev.tapestry.node.serving;

import java.util.Optional;

/** Why a request is not answered; clients of OpenAI's API read it as an error of theirs. */
final class ApiRefusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What kind of refusal it is. */
    enum Kind {
        /** The request is wrong. */
        INVALID(400, "invalid_request_error", "invalid_value"),
        /** It asks for what is not offered here. */
        UNSUPPORTED(400, "invalid_request_error", "unsupported_parameter"),
        /** The prompt leaves no room for an answer. */
        TOO_LONG(400, "invalid_request_error", "context_length_exceeded"),
        /** The key is missing or another. */
        KEY(401, "invalid_request_error", "invalid_api_key"),
        /** The request comes by a name that is not this server's. */
        HOST(403, "invalid_request_error", "unknown_host"),
        /** There is no such model. */
        MODEL(404, "invalid_request_error", "model_not_found"),
        /** There is no such route. */
        ROUTE(404, "invalid_request_error", "unknown_url"),
        /** The body is longer than is read. */
        BODY(413, "invalid_request_error", "body_too_large"),
        /** The body is not said to be JSON. */
        MEDIA(415, "invalid_request_error", "unsupported_media_type"),
        /** A defect. */
        INTERNAL(500, "server_error", "internal_error"),
        /** The server behind this one does not do its part. */
        BEHIND(502, "server_error", "model_server_failed"),
        /** Too many ask at once. */
        BUSY(503, "server_error", "overloaded");

        private final int status;
        private final String type;
        private final String code;

        Kind(int status, String type, String code) {
            this.status = status;
            this.type = type;
            this.code = code;
        }

        /** The HTTP status. */
        int status() {
            return status;
        }

        /** The group, in OpenAI's words. */
        String type() {
            return type;
        }

        /** The reason, in one word. */
        String code() {
            return code;
        }
    }

    private final Kind kind;
    private final transient Optional<String> parameter;

    ApiRefusal(Kind kind, String message) {
        this(kind, message, Optional.empty());
    }

    ApiRefusal(Kind kind, String message, Optional<String> parameter) {
        super(message, null, false, false);
        this.kind = kind;
        this.parameter = parameter;
    }

    /** A member of the request is wrong. */
    static ApiRefusal invalid(String parameter, String message) {
        return new ApiRefusal(
                Kind.INVALID, "'" + parameter + "': " + message, Optional.of(parameter));
    }

    /** A member of the request asks for what is not offered. */
    static ApiRefusal unsupported(String parameter, String message) {
        return new ApiRefusal(
                Kind.UNSUPPORTED, "'" + parameter + "': " + message, Optional.of(parameter));
    }

    Kind kind() {
        return kind;
    }

    Optional<String> parameter() {
        return parameter;
    }
}
