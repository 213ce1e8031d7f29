package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.NoSuchPointException;
import io.liferaft.archive.RestorePoint;
import io.liferaft.archive.StoredBackup;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.sqlite.LogicalDigest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a fetched backup against this node's own database, table by table. Nobody can go back to an
 * earlier index: so where changes are in no backup yet, the leader makes one of the very index at
 * which this node has taken a copy.
 */
final class ContentComparison {

  private static final Logger log = LoggerFactory.getLogger(ContentComparison.class);

  private static final Duration COPY_TIMEOUT = Duration.ofSeconds(30);

  /** Between two looks at what the log says. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  /** Until the leader may have read its other copies. */
  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  /** For all waiting: while the leader's other copies are being read, and for its backup. */
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final RaftNode node;
  private final ScratchFolder folder;
  private final Predicate<Duration> pause;

  /**
   * @param folder for a copy of the database
   * @param pause lets time pass; false when the caller has been interrupted and must end
   */
  ContentComparison(RaftNode node, ScratchFolder folder, Predicate<Duration> pause) {
    this.node = node;
    this.folder = folder;
    this.pause = pause;
  }

  /**
   * Where this node's contents and the leader's backup are of one index.
   *
   * @param own file with this node's; null when it did not come about, or nothing was written yet
   * @param backup what the log says of the backup; null as above
   * @param why it did not come about; null when it did, or need not
   */
  record Meeting(@Nullable Path own, @Nullable BackupRecord backup, @Nullable String why) {

    private static Meeting failed(String why) {
      return new Meeting(null, null, why);
    }

    /** The backup to fetch: that very one, as long as it can be had, else the newest. */
    Optional<StoredBackup> find(BackupArchive place) {
      Optional<StoredBackup> newest = place.latest();
      BackupRecord wanted = backup;
      if (own == null || wanted == null || newest.filter(this::is).isPresent()) {
        return newest;
      }
      try {
        return place.keepsEarlier() && newest.isPresent()
            ? place
                .find(new RestorePoint.Index(wanted.changeIndex()))
                .filter(this::is)
                .or(() -> newest)
            : newest;
      } catch (NoSuchPointException _) {
        return newest; // it has been deleted
      }
    }

    private boolean is(StoredBackup found) {
      return backup != null && backup.sha256().equals(found.manifest().sha256());
    }
  }

  /**
   * What a comparison came to.
   *
   * @param compared whether both could be read at the same index; they are equal then
   * @param sentence the end of one
   */
  record Outcome(boolean compared, String sentence) {}

  /** Takes the copy and waits for the backup, where there are changes that are in none. */
  Meeting meet(BackupArchive place) {
    try {
      ReplicatedState now = node.state();
      BackupRecord last = now.backups().get(place.fingerprint());
      if (now.changeIndex() == 0) {
        return new Meeting(null, null, null);
      }
      if (last != null && holds(last, now)) {
        // Taken now: by the time the backup is fetched this node may have gone on.
        try (ClusterCopy copy = node.copy(true, COPY_TIMEOUT)) {
          if (holds(last, copy.state())) {
            return new Meeting(folder.write(copy.file()), last, null);
          }
        }
      }
      long end = System.nanoTime() + LIMIT.toNanos();
      ReplicatedState at;
      Path own;
      try (ClusterCopy copy = copyAtPoint(place.fingerprint(), end)) {
        at = copy.state();
        own = folder.write(copy.file());
      }
      BackupRecord made = await(place.fingerprint(), at, end);
      return made == null
          ? Meeting.failed("and the leader did not make a backup of the same index")
          : new Meeting(own, made, null);
    } catch (IOException | RuntimeException e) {
      log.debug("No copy was taken at the index of a backup", e);
      return Meeting.failed("and there was no copy at the next backup's index: " + e.getMessage());
    }
  }

  private ClusterCopy copyAtPoint(String destination, long end) {
    while (true) {
      try {
        return node.copyAtPoint(destination, COPY_TIMEOUT);
      } catch (NotReadyException e) {
        if (System.nanoTime() - end > 0 || !pause.test(TRY_AGAIN)) {
          throw e;
        }
      }
    }
  }

  /** What the log says of the backup of an index; null when it comes to another one. */
  private @Nullable BackupRecord await(String destination, ReplicatedState at, long end) {
    while (System.nanoTime() - end < 0) {
      ReplicatedState now = node.state();
      BackupRecord made = now.backups().get(destination);
      if (made != null && holds(made, at)) {
        return made;
      }
      boolean passed = made != null && made.changeIndex() > at.changeIndex();
      if (passed || !now.generation().equals(at.generation()) || !pause.test(LOOK_AGAIN)) {
        return null;
      }
    }
    return null;
  }

  private static boolean holds(BackupRecord backup, ReplicatedState state) {
    return backup.generation().equals(state.generation())
        && backup.changeIndex() == state.changeIndex();
  }

  /**
   * Reads both as a whole, a row at a time.
   *
   * @param file the fetched backup, which SQLite has found sound
   * @throws CorruptBackupException naming the table in which they differ
   */
  Outcome compare(Meeting meeting, StoredBackup backup, Path file) {
    LogicalDigest found;
    LogicalDigest wanted;
    try {
      Optional<Path> own = own(meeting, backup);
      if (own.isEmpty()) {
        return notCompared(
            "the database has changed since, "
                + Objects.requireNonNullElse(
                    meeting.why(),
                    "and another backup has taken the place of what it would be held against"));
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

  /** A file of the own database where the backup is; no checkpoint waits for it. */
  private Optional<Path> own(Meeting meeting, StoredBackup backup) throws IOException {
    if (meeting.own() != null && meeting.is(backup)) {
      return Optional.of(meeting.own());
    }
    BackupManifest manifest = backup.manifest();
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
