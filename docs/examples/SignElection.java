import dev.tapestry.app.study.simulation.ExperimentalRule;
import java.util.List;

/**
 * Sign election (after TIES, Yadav et al., arXiv 2306.01708, step 2 and 3): per coordinate the
 * weighted sum elects a sign, and only the updates with that sign are averaged, by their weights.
 *
 * <p>A plan names this file: {@code rule: SignElection.java}. See docs/guide/researcher.md.
 */
public final class SignElection implements ExperimentalRule {

    @Override
    public float[] combine(String tensor, List<float[]> updates, double[] weights) {
        float[] merged = new float[updates.getFirst().length];
        for (int i = 0; i < merged.length; i++) {
            double elected = 0;
            for (int m = 0; m < weights.length; m++) {
                elected += weights[m] * updates.get(m)[i];
            }
            double sum = 0;
            double together = 0;
            for (int m = 0; m < weights.length; m++) {
                double value = updates.get(m)[i];
                if (value * elected > 0) {
                    sum += weights[m] * value;
                    together += weights[m];
                }
            }
            merged[i] = together == 0 ? 0 : (float) (sum / together);
        }
        return merged;
    }
}
