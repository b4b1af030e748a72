package dev.tapestry.app.study.simulation;

import dev.tapestry.node.StopSignal;

/**
 * What a simulation may use.
 *
 * @param threads of libtorch; another number changes the last digits
 * @param stop ends it between two steps
 */
public record Resources(int threads, StopSignal stop) {}
