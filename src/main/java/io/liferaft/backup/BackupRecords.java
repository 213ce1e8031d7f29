package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.RaftNode;
import java.time.Clock;

/** What is written down of a backup: with the object, and in the replicated state. */
final class BackupRecords {

  private final BackupArchive archive;
  private final RaftNode node;
  private final Clock clock;

  BackupRecords(BackupArchive archive, RaftNode node, Clock clock) {
    this.archive = archive;
    this.node = node;
    this.clock = clock;
  }

  BackupManifest manifest(Copied copied, CopyDigest digest) {
    return new BackupManifest(
        copied.clusterId(),
        copied.generation(),
        copied.term(),
        copied.changeIndex(),
        digest.sha256(),
        digest.sizeBytes(),
        digest.empty(),
        digest.usedBytes(),
        node.status().members().stream().map(m -> m.id() + "=" + m.raftAddress()).toList(),
        digest.sqliteVersion(),
        BackupRecords.class.getPackage().getImplementationVersion(),
        clock.instant());
  }

  BackupRecord of(Copied copied, CopyDigest digest, StoredBackup stored) {
    return new BackupRecord(
        archive.fingerprint(),
        copied.generation(),
        copied.changeIndex(),
        digest.sha256(),
        digest.sizeBytes(),
        stored.etag(),
        stored.versionId(),
        copied.term(),
        clock.millis());
  }
}
