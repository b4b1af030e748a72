package dev.tapestry.app.bench;

import dev.tapestry.app.bench.TransferStage.Leg;
import java.util.List;

/**
 * One direction, over all repetitions.
 *
 * @param goodputMbit of contributions until all parts are acknowledged, or of bases until they are
 *     whole; both on the disk
 * @param rawMbit of raw streams, as many as the node used and for as long
 * @param share of the raw streams' rate, pair by pair
 * @param streams that the node used, the most of all repetitions
 */
record TransferLeg(Spread goodputMbit, Spread rawMbit, Spread share, int streams) {

    static TransferLeg of(List<Leg> legs) {
        return new TransferLeg(
                Spread.of(legs.stream().map(leg -> leg.bitsPerSecond() / 1e6).toList()),
                Spread.of(legs.stream().map(leg -> leg.raw().bitsPerSecond() / 1e6).toList()),
                Spread.of(legs.stream().map(Leg::share).toList()),
                legs.stream().mapToInt(Leg::streams).max().orElse(0));
    }
}
