/**
 * The parity study: how near a consortium comes to training on pooled data, with tuned baselines,
 * several seeds and the bytes beside it.
 *
 * <p>A {@link dev.tapestry.app.study.parity.StudyPlan} names arms; an arm is tuned over its
 * learning rates on its first seed, then repeated with the others at the best one. Each training is
 * a {@link dev.tapestry.app.study.parity.Cell} whose outcome is a file of its own: cells can be run
 * one by one, by several processes, and again by anybody.
 */
@NullMarked
package dev.tapestry.app.study.parity;

import org.jspecify.annotations.NullMarked;
