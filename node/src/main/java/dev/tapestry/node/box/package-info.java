/**
 * Rounds for machines without a network: a directory that is carried between a gateway, which is
 * the member's enrolled node, and compute, which trains and scores. It may travel on a disk, or lie
 * where both see it.
 *
 * <pre>
 * box.json        whose box it is, and how the member's text is split; written first, never cleared
 *
 * to train        job.json, written last; plan.json; base/; corpus/ if the text lies at the gateway;
 *                 correction/ if the job says so: a {@link dev.tapestry.node.trainer.JobDirectory}
 * trained         model-*.safetensors, gradient-*.safetensors if asked, metrics.jsonl, results.sha256
 *                 if whoever trained wrote it; done.json, written last
 * keep            state/: the trainer's own
 *
 * to score        score.json, written last; plan.json; base/; candidate/
 * scored          scored.json: numbers only
 *
 * answered        answer.json: what became of it
 * </pre>
 *
 * <p>In an object store ({@link dev.tapestry.node.box.BoxHalf}) each side puts its own of these,
 * and works on a copy: {@link dev.tapestry.node.box.GatewayBox}, {@link
 * dev.tapestry.node.box.ComputeBox}.
 *
 * <p>Keys never lie in a box: what comes back is checked, signed and sent at the gateway.
 */
@NullMarked
package dev.tapestry.node.box;

import org.jspecify.annotations.NullMarked;
