package dev.tapestry.training;

/**
 * How well a model predicts a text.
 *
 * @param natsPerToken mean cross-entropy
 * @param bitsPerByte the same spread over the text's bytes: comparable between tokenizers
 * @param perplexity e to the natsPerToken
 * @param tokens how many tokens were predicted
 */
public record TextLoss(double natsPerToken, double bitsPerByte, double perplexity, long tokens) {

    static TextLoss of(double natsPerToken, double bytesPerToken, long tokens) {
        return new TextLoss(
                natsPerToken,
                natsPerToken / Math.log(2) / bytesPerToken,
                Math.exp(natsPerToken),
                tokens);
    }
}
