package io.liferaft.backup;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.StoredBackup;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.sqlite.LogicalDigest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a fetched backup against this node's own database, table by table, if that has not changed
 * since: nobody can go back to an earlier index.
 */
final class ContentComparison {

  private static final Logger log = LoggerFactory.getLogger(ContentComparison.class);

  private static final Duration COPY_TIMEOUT = Duration.ofSeconds(30);

  private final RaftNode node;
  private final ScratchFolder folder;

  /**
   * @param folder for a copy of the database
   */
  ContentComparison(RaftNode node, ScratchFolder folder) {
    this.node = node;
    this.folder = folder;
  }

  /**
   * What it came to.
   *
   * @param compared whether both could be read at the same index; they are equal then
   * @param sentence the end of one
   */
  record Outcome(boolean compared, String sentence) {}

  /**
   * Reads both as a whole, a row at a time. Waits for a checkpoint.
   *
   * @param file the fetched backup, which SQLite has found sound
   * @throws CorruptBackupException naming the table in which they differ
   */
  Outcome compare(StoredBackup backup, Path file) {
    LogicalDigest found;
    LogicalDigest wanted;
    try {
      Optional<Path> own = ownAt(backup.manifest());
      if (own.isEmpty()) {
        return notCompared("the database has changed since");
      }
      wanted = LogicalDigest.of(own.get());
      found = LogicalDigest.of(file);
    } catch (IOException | RuntimeException e) {
      log.debug("The contents of a backup could not be compared", e);
      return notCompared(String.valueOf(e.getMessage()));
    }
    Optional<String> difference = found.differenceFrom(wanted);
    if (difference.isPresent()) {
      throw new CorruptBackupException(
          "%s is not what this node has at the same index, and one of the two is wrong: %s"
              .formatted(backup.key(), difference.get()),
          null);
    }
    long rows = found.tables().values().stream().mapToLong(LogicalDigest.Table::rows).sum();
    return new Outcome(
        true,
        "its contents are this node's: %d tables, %d rows".formatted(found.tables().size(), rows));
  }

  /** A copy of the own database, if it is where the backup is; no checkpoint waits for it. */
  private Optional<Path> ownAt(BackupManifest manifest) throws IOException {
    if (!sameIndex(node.state(), manifest)) {
      return Optional.empty();
    }
    try (ClusterCopy copy = node.copy(true, COPY_TIMEOUT)) {
      return sameIndex(copy.state(), manifest)
          ? Optional.of(folder.write(copy.file()))
          : Optional.empty();
    }
  }

  private static boolean sameIndex(ReplicatedState state, BackupManifest manifest) {
    return state.generation().equals(manifest.generation())
        && state.changeIndex() == manifest.changeIndex();
  }

  private static Outcome notCompared(String why) {
    return new Outcome(false, "its contents were not compared: " + why);
  }
}
