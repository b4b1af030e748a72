/**
 * The member's agent: it holds the member's keys and corpus, takes part in rounds, and makes the
 * member's own models.
 *
 * <p>A node is a directory ({@link dev.tapestry.node.NodeHome}):
 *
 * <pre>
 * node.yaml           settings, see {@link dev.tapestry.node.NodeConfig}
 * identity/           key.pem, certificate.pem, ca.pem, signing-key.pem, membership.json,
 *                     used-token: the digest of the secret that enrolled the node last;
 *                     renewal/, renewed/: the next key and certificate, until they count
 * node-log.db         the node's own log: a receipt for each message, each decision
 * models/DIGEST/      bases and candidates, verified; .DIGEST.partial or .DIGEST.update
 *                     while they arrive
 * tokens/             the corpus packed for training
 * trainer/            optimiser state and position in the corpus
 * job/                the round for the member's own trainer, if it has one; state/ outlives rounds
 * boxes/NAME/         the working copy of a box that lies in an object store
 * outbox/round-N/     the contribution of round N until it is admitted
 * residual/           what coding has lost of the last contribution that a base was made of
 * gradient/           its mean gradient, and everybody's in that round
 * scores/DIGEST.json  how a model did on the member's held-out text
 * sovereign/NAME/     the member's own models
 * builds/             finished stages of builds by key, what was measured, packed texts
 * witness/            the last checkpoint of the coordinator's log that was verified
 * metrics.jsonl       one update per line: steps, phases, scores
 * </pre>
 */
@NullMarked
package dev.tapestry.node;

import org.jspecify.annotations.NullMarked;
