package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.DrillStatus.Result;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Tries, once in an interval and on every node that does not lead (or is alone), whether the newest
 * backup can be restored: fetches it into a scratch folder, compares every hash and has SQLite
 * check the whole database; its contents are compared with this node's own of the same index, for
 * which the leader makes a backup where there are changes that are in none. Touches neither the
 * database nor a backup. What it finds goes into the cluster's log.
 */
final class BackupDrill implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(BackupDrill.class);

  private final Duration interval;
  private final @Nullable BackupArchive archive;
  private final RaftNode node;
  private final Clock clock;
  private final RandomGenerator random;
  private final ScratchFolder folder;
  private final DatabaseCheck check;
  private final ContentComparison contents;
  private final VerifiedPoints verified;
  private final ClusterVerification cluster;
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
   * @param verified told what was found
   * @param cluster told the same, for the other nodes
   */
  BackupDrill(
      Duration interval,
      @Nullable BackupArchive archive,
      RaftNode node,
      Clock clock,
      RandomGenerator random,
      Path folder,
      DatabaseCheck check,
      VerifiedPoints verified,
      ClusterVerification cluster) {
    this.verified = verified;
    this.cluster = cluster;
    this.interval = interval;
    this.archive = archive;
    this.node = node;
    this.clock = clock;
    this.random = random;
    this.folder = new ScratchFolder(folder);
    this.check = check;
    this.contents = new ContentComparison(node, this.folder, thread::pause);
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
    return SharedDirectory.voters(status) < 2;
  }

  /** Runs one now; waits for one that is under way. */
  DrillStatus drill() {
    drilling.lock();
    return drillAndUnlock();
  }

  /** Runs one now; empty while one is under way. */
  Optional<DrillStatus> drillUnlessUnderWay() {
    return drilling.tryLock() ? Optional.of(drillAndUnlock()) : Optional.empty();
  }

  private DrillStatus drillAndUnlock() {
    try {
      DrillStatus done = attempt();
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

  private DrillStatus attempt() {
    Instant started = clock.instant();
    BackupArchive place = archive;
    if (place == null) {
      return ended(started, Result.SKIPPED, "Backup is off: set liferaft.backup.target");
    }
    StoredBackup backup = null;
    try {
      ContentComparison.Meeting meeting = contents.meet(place);
      started = clock.instant(); // what is measured is the way back
      backup = meeting.find(place).orElse(null);
      if (backup == null) {
        return nothingYet(started, place);
      }
      DrillStatus done = restored(place, backup, meeting, started);
      remember(place, backup, done);
      return done;
    } catch (CorruptBackupException | SqliteException.InvalidDatabase e) {
      if (e instanceof CorruptBackupException corrupt) {
        place.markDamaged(corrupt);
      }
      DrillStatus done =
          ended(
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
      remember(place, backup, done);
      return done;
    } catch (IOException | RuntimeException e) {
      return e instanceof ObjectStoreException store
              && SharedDirectory.notMadeYet(place, node, store)
          ? nothingYet(started, place)
          : ended(
              started,
              Result.FAILED,
              "Restore drill of " + place.location() + " failed: " + e.getMessage());
    } finally {
      folder.clear();
    }
  }

  private DrillStatus nothingYet(Instant started, BackupArchive place) {
    return ended(started, Result.SKIPPED, "There is no backup at " + place.location() + " yet");
  }

  private void remember(BackupArchive place, @Nullable StoredBackup backup, DrillStatus done) {
    if (backup == null) {
      return;
    }
    place
        .idOf(backup)
        .map(id ->
            new Verified(
                id,
                VerifyDepth.DATABASE,
                done.result() == Result.OK,
                done.detail(),
                done.time(),
                done.took(),
                null))
        .ifPresent(verified::add);
    cluster.tell(record(place, backup, done));
  }

  private VerifiedRecord record(BackupArchive place, StoredBackup backup, DrillStatus done) {
    BackupManifest manifest = backup.manifest();
    return new VerifiedRecord(
        place.fingerprint(),
        place.idOf(backup).orElse(backup.key()),
        Objects.requireNonNullElse(manifest.generation(), ""),
        manifest.changeIndex(),
        Objects.requireNonNullElse(manifest.sha256(), ""),
        manifest.sizeBytes(),
        done.time().toEpochMilli(),
        done.took().toMillis(),
        done.result() == Result.OK,
        done.compared(),
        node.status().id());
  }

  private DrillStatus ended(Instant started, Result result, String detail) {
    Instant now = clock.instant();
    return new DrillStatus(now, result, detail, Duration.between(started, now), false);
  }

  private DrillStatus restored(
      BackupArchive place, StoredBackup backup, ContentComparison.Meeting meeting, Instant started)
      throws IOException {
    Path file = folder.fileFor(backup);
    String _ = place.fetch(backup, file, _ -> requireRunning());
    backup.requireContent(check.isEmpty(file));
    Duration took = Duration.between(started, clock.instant());
    ContentComparison.Outcome contentsFound = contents.compare(meeting, backup, file);
    String detail =
        "Restore drill: the backup of %s, change index %d, can be restored: %d bytes, in %d ms; %s"
            .formatted(
                backup.stored(),
                backup.manifest().changeIndex(),
                Files.size(file),
                took.toMillis(),
                contentsFound.sentence());
    return new DrillStatus(clock.instant(), Result.OK, detail, took, contentsFound.compared());
  }

  private void requireRunning() {
    if (Thread.currentThread().isInterrupted()) {
      throw new ObjectStoreException(
          ObjectStoreException.Reason.UNAVAILABLE, "this node is stopping", null);
    }
  }

  @Override
  public void start() {
    running = true;
    if (archive != null && interval.isPositive()) {
      folder.clear();
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
