/**
 * Consortia whose members come and go, in virtual time: the consortium's own rules and the
 * coordinator's apportionment decide, every event is held against the rules of the audit, and
 * models are names only.
 */
@org.jspecify.annotations.NullMarked
package dev.tapestry.app.study.churn;
