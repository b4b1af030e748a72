package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Range;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The optimiser of a plan, with its state: the buffers that a node keeps between rounds. */
final class Optimizer implements AutoCloseable {

    private final NativeTensors owned = new NativeTensors();
    private final AdamWUpdate adamW;
    private final @Nullable MuonUpdate muon;

    Optimizer(OptimizerPlan plan, Precision precision, FlatParameters parameters) {
        ParameterLayout layout = parameters.layout();
        List<Range> vectors = List.of(layout.undecayed());
        switch (plan) {
            case OptimizerPlan.AdamW all -> {
                List<Range> matrices = List.of(layout.outer(), layout.hidden());
                adamW = new AdamWUpdate(parameters, all, matrices, vectors, owned);
                muon = null;
            }
            case OptimizerPlan.Muon hidden -> {
                adamW =
                        new AdamWUpdate(
                                parameters,
                                hidden.others(),
                                List.of(layout.outer()),
                                vectors,
                                owned);
                muon = new MuonUpdate(parameters, hidden, precision, owned);
            }
        }
    }

    /** Moves the weights by the gradients; {@code step} counts from 1. */
    void step(long step, double rateFactor) {
        adamW.step(step, rateFactor);
        if (muon != null) {
            muon.step(rateFactor);
        }
    }

    /** The state by name, each buffer one-dimensional; what is written into it counts. */
    SequencedMap<String, Tensor> state() {
        SequencedMap<String, Tensor> state = new LinkedHashMap<>();
        state.put("adamw.first_moment", adamW.firstMoment());
        state.put("adamw.second_moment", adamW.secondMoment());
        if (muon != null) {
            state.put("muon.momentum", muon.momentum());
        }
        return state;
    }

    @Override
    public void close() {
        owned.close();
    }
}
