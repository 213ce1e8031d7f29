package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.DrillStatus.Result;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.util.FileSystemUtils;

/**
 * Tries, once in an interval and on every node that does not lead (or is alone), whether the newest
 * backup can be restored: fetches it into a scratch folder, compares every hash and has SQLite
 * check the whole database. Touches neither the database nor the backup.
 */
final class BackupDrill implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(BackupDrill.class);

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 256L << 20;

  private final Duration interval;
  private final @Nullable BackupArchive archive;
  private final RaftNode node;
  private final Clock clock;
  private final RandomGenerator random;
  private final Path folder;
  private final DatabaseCheck check;
  private final Instant since;
  private final ReentrantLock drilling = new ReentrantLock();
  private final BackupThread thread =
      new BackupThread("liferaft-drill", "The restore drill", this::step, () -> {});
  private volatile boolean running;
  private boolean begun;
  private volatile @Nullable DrillStatus last;
  private volatile @Nullable DrillStatus lastGood;

  /**
   * @param interval zero for never by itself
   * @param archive null when backup is off
   * @param folder for the fetched database, deleted afterwards
   */
  BackupDrill(
      Duration interval,
      @Nullable BackupArchive archive,
      RaftNode node,
      Clock clock,
      RandomGenerator random,
      Path folder,
      DatabaseCheck check) {
    this.interval = interval;
    this.archive = archive;
    this.node = node;
    this.clock = clock;
    this.random = random;
    this.folder = folder;
    this.check = check;
    this.since = clock.instant();
  }

  /** Checks a file as {@code SqliteStore.verify} does. */
  @FunctionalInterface
  interface DatabaseCheck {
    boolean isEmpty(Path file) throws IOException;
  }

  /** The last one of this process; null before it. */
  @Nullable DrillStatus last() {
    return last;
  }

  /** The last one of this process that ended well; null before it. */
  @Nullable DrillStatus lastGood() {
    return lastGood;
  }

  /** Since when this process might have drilled. */
  Instant since() {
    return since;
  }

  private Duration step() {
    if (!begun) {
      begun = true;
      // Early, as nodes restart now and then, and not all at the same time.
      return Duration.ofMillis((long) (interval.toMillis() * (1 + random.nextDouble()) / 4));
    }
    if (ownTurn(node.status())) {
      DrillStatus _ = drill();
    }
    return interval;
  }

  /** Followers have the time; a node that is alone has nobody else. */
  static boolean ownTurn(NodeStatus status) {
    return status.phase() == NodeStatus.Phase.RUNNING && (alone(status) || !status.leads());
  }

  private static boolean alone(NodeStatus status) {
    return status.members().stream().filter(NodeStatus.Member::voter).count() < 2;
  }

  /** Runs one now; waits for one that is under way. */
  DrillStatus drill() {
    drilling.lock();
    try {
      DrillStatus done = attempt(clock.instant());
      last = done;
      if (done.result() == Result.OK) {
        lastGood = done;
      }
      switch (done.result()) {
        case OK -> log.info("{}", done.detail());
        case DAMAGED, FAILED -> log.warn("{}", done.detail());
        case SKIPPED -> log.debug("{}", done.detail());
      }
      return done;
    } finally {
      drilling.unlock();
    }
  }

  private DrillStatus attempt(Instant started) {
    BackupArchive place = archive;
    if (place == null) {
      return ended(started, Result.SKIPPED, "Backup is off: set liferaft.backup.target");
    }
    try {
      StoredBackup backup = place.latest().orElse(null);
      if (backup == null) {
        return ended(started, Result.SKIPPED, "There is no backup at " + place.location() + " yet");
      }
      return ended(started, Result.OK, restored(place, backup, started));
    } catch (CorruptBackupException | SqliteException.InvalidDatabase e) {
      if (e instanceof CorruptBackupException corrupt) {
        place.markDamaged(corrupt);
      }
      return ended(
          started,
          Result.DAMAGED,
          "Restore drill: the newest backup at "
              + place.location()
              + " cannot be restored: "
              + e.getMessage()
              + ". "
              + (place.keepsEarlier()
                  ? "Within an hour or so a backup no longer relies on what is damaged; look after"
                      + " the store"
                  : "Make a new one (POST /actuator/backup after a write) and look after the"
                      + " store"));
    } catch (IOException | RuntimeException e) {
      boolean notMadeYet =
          e instanceof ObjectStoreException store
              && store.reason() == ObjectStoreException.Reason.NO_SUCH_BUCKET
              && alone(node.status());
      return ended(
          started,
          notMadeYet ? Result.SKIPPED : Result.FAILED,
          "Restore drill of " + place.location() + " failed: " + e.getMessage());
    } finally {
      clear();
    }
  }

  private DrillStatus ended(Instant started, Result result, String detail) {
    Instant now = clock.instant();
    return new DrillStatus(now, result, detail, Duration.between(started, now));
  }

  private String restored(BackupArchive place, StoredBackup backup, Instant started)
      throws IOException {
    Files.createDirectories(folder);
    long bytes = Math.max(backup.manifest().sizeBytes(), backup.storedBytes());
    if (Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES < 2 * bytes) {
      throw new IOException(
          "the disk of %s has no room for twice %d bytes".formatted(folder, bytes));
    }
    Path file = folder.resolve("drill.sqlite");
    String _ = place.fetch(backup, file, _ -> requireRunning());
    boolean empty = check.isEmpty(file);
    if (empty && !backup.manifest().empty()) {
      throw new CorruptBackupException(backup.key() + " holds no object, and should", null);
    }
    return "Restore drill: the backup of %s, change index %d, can be restored: %d bytes, in %d ms"
        .formatted(
            backup.stored(),
            backup.manifest().changeIndex(),
            Files.size(file),
            Duration.between(started, clock.instant()).toMillis());
  }

  private void requireRunning() {
    if (Thread.currentThread().isInterrupted()) {
      throw new ObjectStoreException(
          ObjectStoreException.Reason.UNAVAILABLE, "this node is stopping", null);
    }
  }

  private void clear() {
    try {
      FileSystemUtils.deleteRecursively(folder);
    } catch (IOException e) {
      log.debug("Leftovers of a restore drill remain in {}", folder, e);
    }
  }

  @Override
  public void start() {
    running = true;
    if (archive != null && interval.isPositive()) {
      clear();
      thread.start();
    }
  }

  @Override
  public void stop() {
    running = false;
    thread.stop(Duration.ZERO);
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return BackupScheduler.PHASE;
  }

  /** Whether the last one says that the newest backup is damaged. */
  boolean damaged() {
    DrillStatus ended = last;
    return ended != null && ended.result() == Result.DAMAGED;
  }
}
