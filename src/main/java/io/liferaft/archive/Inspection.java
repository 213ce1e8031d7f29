package io.liferaft.archive;

/**
 * What a look at a backup has found without fetching it.
 *
 * @param packs how many objects hold its chunks
 * @param storedBytes what a restore fetches
 * @param uniqueBytes of these, what neither the backup before nor the one after it needs: deleting
 *     it would free no more
 */
public record Inspection(int packs, long storedBytes, long uniqueBytes) {}
