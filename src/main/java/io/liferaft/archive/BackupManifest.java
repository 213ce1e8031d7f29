package io.liferaft.archive;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a backup says of itself. Everything but the size on the store may be missing from an object
 * that somebody else wrote (rqlite, for example): such a one can be restored but says nothing of
 * its lineage.
 *
 * @param clusterId lineage of the cluster that wrote it; null when unknown
 * @param generation of the database; null when unknown
 * @param term Raft term of the leader that wrote it; 0 when unknown
 * @param changeIndex change index of the database; 0 when unknown
 * @param sha256 of the uncompressed database file, lower-case hex; null when unknown
 * @param sizeBytes of the uncompressed database file; -1 when unknown
 * @param empty whether the database holds no object; false when unknown
 * @param usedBytes of the database file, its free pages not counted; -1 when unknown
 * @param members {@code id=raft-address} of the cluster at that time; empty when unknown
 */
public record BackupManifest(
    @Nullable String clusterId,
    @Nullable String generation,
    long term,
    long changeIndex,
    @Nullable String sha256,
    long sizeBytes,
    boolean empty,
    long usedBytes,
    List<String> members,
    @Nullable String sqliteVersion,
    @Nullable String liferaftVersion,
    @Nullable Instant created) {

  public BackupManifest {
    members = List.copyOf(members);
  }

  /** As of a backup that does not tell how much of it is in use. */
  public BackupManifest(
      @Nullable String clusterId,
      @Nullable String generation,
      long term,
      long changeIndex,
      @Nullable String sha256,
      long sizeBytes,
      boolean empty,
      List<String> members,
      @Nullable String sqliteVersion,
      @Nullable String liferaftVersion,
      @Nullable Instant created) {
    this(
        clusterId,
        generation,
        term,
        changeIndex,
        sha256,
        sizeBytes,
        empty,
        -1,
        members,
        sqliteVersion,
        liferaftVersion,
        created);
  }
}
