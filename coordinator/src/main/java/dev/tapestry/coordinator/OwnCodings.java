package dev.tapestry.coordinator;

import io.helidon.http.Headers;
import io.helidon.http.encoding.ContentDecoder;
import io.helidon.http.encoding.ContentEncoder;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.encoding.ContentEncodingContextConfig;

/**
 * Has the server hand bodies over as they came, however they are coded: {@link Exchange} looks,
 * refuses with a code of the protocol, and decodes within the memory that parts have.
 */
final class OwnCodings implements ContentEncodingContext {

    @Override
    public boolean contentEncodingEnabled() {
        return false;
    }

    @Override
    public boolean contentDecodingEnabled() {
        return true;
    }

    @Override
    public boolean contentEncodingSupported(String coding) {
        return false;
    }

    @Override
    public boolean contentDecodingSupported(String coding) {
        return true;
    }

    @Override
    public ContentEncoder encoder(String coding) {
        return ContentEncoder.NO_OP;
    }

    @Override
    public ContentDecoder decoder(String coding) {
        return ContentDecoder.NO_OP;
    }

    @Override
    public ContentEncoder encoder(Headers headers) {
        return ContentEncoder.NO_OP;
    }

    @Override
    public ContentEncodingContextConfig prototype() {
        return ContentEncodingContextConfig.create();
    }
}
