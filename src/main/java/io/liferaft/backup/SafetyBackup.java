package io.liferaft.backup;

/**
 * What became of a backup that is made before the database is replaced. A bean {@code
 * Supplier<SafetyBackup>} makes one on the leader, waits for it, and keeps the retention from it.
 *
 * @param made whether everything that the cluster holds is in a backup that stays
 * @param detail the restore point's id or the place; where it was not made, why, in one sentence
 */
public record SafetyBackup(boolean made, String detail) {}
