package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;

/**
 * How to make a model of the base before it.
 *
 * @param base to which the update is applied
 * @param update a coded update; its parts are served like those of models
 */
public record ModelUpdate(Digest base, CodedFile update) {}
