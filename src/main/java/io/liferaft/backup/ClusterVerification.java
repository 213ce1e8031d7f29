package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.Verification;
import io.liferaft.raft.VerifiedRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the cluster's log says of restore drills of this node's target, whichever node held them.
 * Safe for many threads.
 */
final class ClusterVerification {

  private static final Logger log = LoggerFactory.getLogger(ClusterVerification.class);

  private final RaftNode node;
  private final @Nullable BackupArchive archive;

  /**
   * @param archive null when backup is off
   */
  ClusterVerification(RaftNode node, @Nullable BackupArchive archive) {
    this.node = node;
    this.archive = archive;
  }

  /** As applied on this node; empty before the first one. */
  Optional<Verification> known() {
    BackupArchive place = archive;
    return place == null
        ? Optional.empty()
        : Optional.ofNullable(node.state().verified().get(place.fingerprint()));
  }

  /** The last one that ended well; empty before it. */
  Optional<VerifiedRecord> good() {
    return known().map(Verification::good);
  }

  /** The last one of all, if it found the backup damaged. */
  Optional<VerifiedRecord> damaged() {
    return known().map(Verification::damaged);
  }

  /** What the log says of a restore point. */
  Optional<Verified> of(String id) {
    return Stream.of(damaged(), good())
        .flatMap(Optional::stream)
        .filter(record -> record.backup().equals(id))
        .map(ClusterVerification::look)
        .findFirst();
  }

  private static Verified look(VerifiedRecord record) {
    return new Verified(
        record.backup(),
        VerifyDepth.DATABASE,
        record.good(),
        sentence(record),
        time(record),
        Duration.ofMillis(record.tookMillis()),
        null);
  }

  /** What a drill found, and who held it. */
  static String sentence(VerifiedRecord record) {
    return "Node %s found on %s that the backup %s, change index %d, %s"
        .formatted(
            record.node(),
            time(record),
            record.backup(),
            record.changeIndex(),
            record.good() ? "can be restored" : "cannot be restored");
  }

  static Instant time(VerifiedRecord record) {
    return Instant.ofEpochMilli(record.timeMillis());
  }

  /** Puts a drill's outcome into the log. Waits. When that fails the next drill's comes there. */
  void tell(VerifiedRecord record) {
    try {
      node.recordVerified(record);
    } catch (RuntimeException e) {
      if (Thread.currentThread().isInterrupted()) {
        log.debug("This node is stopping: the outcome of the restore drill stays here", e);
      } else {
        log.warn(
            "The other nodes are not told of this restore drill, only of the next one: {}",
            e.getMessage());
      }
    }
  }
}
