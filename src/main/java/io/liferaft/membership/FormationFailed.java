package io.liferaft.membership;

/**
 * This node has found no cluster to enter, as its settings ask for, and ends.
 *
 * @param reason a sentence for operators
 */
public record FormationFailed(String reason) {}
