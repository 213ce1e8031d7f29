package io.liferaft.raft;

/**
 * Client writes are refused while a restore replaces the database of a cluster that has data. It
 * ends with the restore, with the leader's word, with the next leader's term, or with the first
 * write that a leader takes after its time: never by somebody's absence.
 *
 * @param attempt log index of the entry that began it
 * @param term of the leader that restores
 * @param untilMillis by the clock of who leads, milliseconds since 1970-01-01 UTC
 */
public record WriteHold(long attempt, long term, long untilMillis) {}
