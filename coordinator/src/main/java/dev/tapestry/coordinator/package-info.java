/**
 * The consortium's server: it announces rounds, receives contributions, merges and publishes.
 *
 * <p>The audit log is the only source of truth. {@link dev.tapestry.coordinator.Coordinator} wires
 * the program; whatever happens goes through the ledger as an event before it takes effect, and the
 * round desk does what the state asks for, so that a restart at any moment goes on where the log
 * ends. Everything lies in one directory:
 *
 * <pre>
 *   coordinator.yaml                            address, retention, threads
 *   ca/                                         the consortium's certificate authority (secret)
 *   identity/                                   the coordinator's own key and certificate (secret)
 *   steward/                                    the steward's client identity (secret; to be moved to the steward)
 *   signing-key.pem                             Ed25519, signs checkpoints of the log (secret)
 *   log.db                                      the audit log
 *   steward.sha256                              fingerprint of the steward's certificate; only after a move
 *   moves/DIGEST.json                           the members' agreements to moves of the coordinator
 *   cosignatures/MEMBER.note                    the latest checkpoint that a member has co-signed
 *   enrolments/SECRET-DIGEST.json               what an enrolment was answered, in case the answer was lost
 *   renewals/MEMBER.json                        the certificate that a member was offered last
 *   certificates/DIGEST.pem                     members' certificates, to tell when they end
 *   models/DIGEST/, models/DIGEST.json          a base or candidate, and its manifest
 *   models/DIGEST.update.safetensors, .json     the coded update that makes it of the base before it
 *   contributions/ROUND/MEMBER/DIGEST/          a contribution's files, by the digest of its envelope
 *   envelopes/DIGEST.json                       what members signed for contributions whose files are gone
 *   momenta/outer-state-DIGEST/                 the outer optimiser's state after a merge
 *   residuals/DIGEST.safetensors                what coding the step to a candidate has lost
 *   merging/ROUND/                              where a merge that is under way works
 * </pre>
 *
 * <p>Handlers block on virtual threads. Neither libtorch nor anybody's text is on the class path.
 */
@NullMarked
package dev.tapestry.coordinator;

import org.jspecify.annotations.NullMarked;
