/**
 * The robustness study: what members who mean harm can do to a shared base under each merge rule,
 * and what each rule costs honest members who differ from the others.
 *
 * <p>A {@link dev.tapestry.app.study.robustness.RobustnessPlan} names attacks and rules. Each pair,
 * with so many bad members and a seed, is a {@link dev.tapestry.app.study.robustness.Trial} whose
 * outcome is a file of its own: trials can be run one by one, by several processes, and again by
 * anybody.
 *
 * <p>Bad members act together. They know what members of a consortium know: the bases so far, and
 * what training on their own text gives. Contributions of others are served to nobody, so that no
 * attack reads one.
 */
@NullMarked
package dev.tapestry.app.study.robustness;

import org.jspecify.annotations.NullMarked;
