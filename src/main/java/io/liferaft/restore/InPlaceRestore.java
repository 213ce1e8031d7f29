package io.liferaft.restore;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.RestorePoint;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.EndpointProblem;
import io.liferaft.backup.SafetyBackup;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.LoadSource;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreAttempt.DatabaseCheck;
import io.liferaft.restore.RestoreAttempt.LeadershipLost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Sets a cluster that has data back to a restore point, because an operator asks: fetches and
 * verifies it, has client writes refused, makes a backup of what is there, and sends the database
 * through the log. Until the last entry nothing has changed anywhere; whatever goes wrong before,
 * also this node's end, lets the writes go on.
 */
final class InPlaceRestore implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(InPlaceRestore.class);

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 256L << 20;

  /** Of a hold of writes; more by what the database takes at a mebibyte a second. */
  private static final Duration HOLD = Duration.ofMinutes(5);

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  /** How far it is. */
  enum Phase {
    FETCHING,
    VERIFYING,
    /** Client writes are refused from here on. */
    BACKING_UP,
    LOADING,
    DONE,
    FAILED
  }

  /**
   * The restore under way, or the last one of this process.
   *
   * @param point as it was asked for
   * @param bytes of {@code totalBytes} in this phase
   * @param detail what went wrong, or where what was there is kept; null for nothing to tell
   */
  record Progress(
      Phase phase,
      String point,
      String backup,
      long bytes,
      long totalBytes,
      Instant since,
      @Nullable String detail) {

    boolean over() {
      return phase == Phase.DONE || phase == Phase.FAILED;
    }
  }

  private final @Nullable BackupArchive source;
  private final RaftNode node;
  private final Clock clock;
  private final DatabaseCheck check;
  private final RestoreFolder folder;
  private final Supplier<SafetyBackup> safety;
  private final Function<Runnable, Thread> threads;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private volatile @Nullable Progress progress;
  private volatile @Nullable Thread thread;
  private volatile boolean running;
  private volatile boolean stopping;
  private volatile double bytesPerSecond;
  private final LongAdder done = new LongAdder();
  private final LongAdder failed = new LongAdder();

  /**
   * @param source where restore points are; null for nowhere
   * @param safety makes a backup of what is there
   * @param threads starts one for a restore
   */
  InPlaceRestore(
      @Nullable BackupArchive source,
      RaftNode node,
      Clock clock,
      DatabaseCheck check,
      RestoreFolder folder,
      Supplier<SafetyBackup> safety,
      Function<Runnable, Thread> threads) {
    this.source = source;
    this.node = node;
    this.clock = clock;
    this.check = check;
    this.folder = folder;
    this.safety = safety;
    this.threads = threads;
  }

  /** What was found for a point. */
  private record Found(BackupArchive place, StoredBackup backup, RestorePlan plan) {}

  /** The restore under way, or the last one of this process; null before the first. */
  @Nullable Progress progress() {
    return progress;
  }

  /** How many have ended well, for metrics. */
  LongAdder done() {
    return done;
  }

  /** How many have failed, for metrics. */
  LongAdder failed() {
    return failed;
  }

  /**
   * What a restore would do. Asks the store; changes nothing.
   *
   * @throws RestoreRefusal when there is no such restore point, or it cannot be had now
   */
  RestorePlan plan(RestorePoint point) {
    return found(point).plan();
  }

  /**
   * Begins a restore; this node has to lead.
   *
   * @param force go on when what is there cannot be backed up before
   * @throws RestoreRefusal when it is not begun
   */
  RestorePlan begin(RestorePoint point, boolean force) {
    NodeStatus status = node.status();
    if (!status.leads()) {
      NodeStatus.Member leader = status.leader();
      throw new RestoreRefusal(
          leader == null ? 503 : 421,
          leader == null
              ? "There is no leader now"
              : "Only the leader restores: ask %s at %s"
                  .formatted(leader.id(), leader.httpAddress()),
          null);
    }
    if (!(node.state().restore() instanceof RestoreRecord.Ended)) {
      throw new RestoreRefusal(409, "The cluster's first restore has not ended", null);
    }
    if (stopping || !underWay.compareAndSet(false, true)) {
      throw new RestoreRefusal(409, "Another restore is under way", null);
    }
    boolean begun = false;
    try {
      Found found = found(point);
      moveTo(Phase.FETCHING, point, found, 0, found.backup().storedBytes(), null);
      thread = threads.apply(() -> run(point, found, force, status.term()));
      begun = true;
      return found.plan();
    } finally {
      if (!begun) {
        underWay.set(false);
      }
    }
  }

  private Found found(RestorePoint point) {
    BackupArchive place = source;
    if (place == null) {
      throw new RestoreRefusal(
          409,
          "There is no place to restore from: set liferaft.backup.target or liferaft.restore.source",
          null);
    }
    try {
      StoredBackup backup =
          place
              .find(point)
              .orElseThrow(
                  () -> new RestoreRefusal(404, "There is no backup at " + place.location(), null));
      return new Found(place, backup, plan(place, backup));
    } catch (ObjectStoreException e) {
      throw new RestoreRefusal(EndpointProblem.status(e), e.getMessage(), e);
    } catch (CorruptBackupException e) {
      throw new RestoreRefusal(409, "It cannot be restored: " + e.getMessage(), e);
    }
  }

  private RestorePlan plan(BackupArchive place, StoredBackup backup) {
    long bytes = backup.manifest().sizeBytes();
    double speed = bytesPerSecond;
    return new RestorePlan(
        place.location(),
        place.idOf(backup).orElse(backup.key()),
        backup.stored(),
        backup.manifest().changeIndex(),
        backup.storedBytes(),
        bytes,
        node.state().changeIndex(),
        speed > 0 && bytes >= 0 ? Math.round(Math.ceil(bytes / speed)) : null);
  }

  private void run(RestorePoint point, Found found, boolean force, long term) {
    Instant began = clock.instant();
    try {
      log.warn(
          "Restoring {} of {} in place, as an operator asks",
          found.plan().backup(),
          found.plan().source());
      Path file = fetched(point, found, term);
      String kept = replaced(point, found, file, force, term);
      double seconds = Math.max(1, Duration.between(began, clock.instant()).toMillis()) / 1000.0;
      bytesPerSecond = Files.size(file) / seconds;
      log.warn(
          "The cluster is set back to {} of {}: change index {}. What it held before is {}",
          found.plan().backup(),
          found.plan().created(),
          found.plan().changeIndex(),
          kept);
      done.increment();
      moveTo(Phase.DONE, point, found, 0, 0, "What was there before is " + kept);
    } catch (IOException | RuntimeException e) {
      failed(point, found, e);
    } finally {
      folder.clear();
      thread = null;
      underWay.set(false);
    }
  }

  private void failed(RestorePoint point, Found found, Exception e) {
    if (e instanceof CorruptBackupException corrupt) {
      found.place().markDamaged(corrupt);
    }
    String why = RestoreFailure.of(e, found.plan().source()).sentence();
    log.warn("The restore in place of {} has failed: {}", found.plan().backup(), why);
    log.debug("Cause of the above", e);
    failed.increment();
    moveTo(Phase.FAILED, point, found, 0, 0, why);
  }

  private Path fetched(RestorePoint point, Found found, long term) throws IOException {
    StoredBackup backup = found.backup();
    Path file = folder.fileFor(found.place().address(), backup.etag());
    long needed = 2 * Math.max(backup.storedBytes(), backup.manifest().sizeBytes());
    if (Files.getFileStore(file.getParent()).getUsableSpace() - SPARED_BYTES < needed) {
      throw new IOException("the disk has no room for the database twice");
    }
    long total = backup.storedBytes();
    String _ =
        found
            .place()
            .fetch(
                backup,
                file,
                bytes -> {
                  checkLeading(term);
                  moveTo(Phase.FETCHING, point, found, bytes, total, null);
                });
    checkLeading(term);
    moveTo(Phase.VERIFYING, point, found, 0, Files.size(file), null);
    backup.requireContent(check.isEmpty(file));
    return file;
  }

  /** Holds writes, backs up, loads; tells where what was there is kept. */
  private String replaced(RestorePoint point, Found found, Path file, boolean force, long term)
      throws IOException {
    long bytes = Files.size(file);
    checkLeading(term);
    long attempt = node.holdWrites(HOLD.plusSeconds(bytes >> 20));
    boolean loaded = false;
    try {
      moveTo(Phase.BACKING_UP, point, found, 0, 0, null);
      SafetyBackup before = safety.get();
      if (!before.made() && !force) {
        throw new RestoreFailure(
            RestoreDecision.Fault.OTHER,
            "NOT_BACKED_UP",
            "What the cluster holds now could not be backed up, so nothing is replaced: "
                + before.detail(),
            null);
      }
      checkLeading(term);
      node.loadRestored(
          attempt,
          LoadSource.of(file),
          null,
          () -> null,
          done -> {
            checkLeading(term);
            moveTo(Phase.LOADING, point, found, done, bytes, null);
          });
      loaded = true;
      return before.made() ? "in the backup " + before.detail() : "in no backup";
    } finally {
      if (!loaded) {
        release(attempt);
      }
    }
  }

  /** Where this node leads no more, the next leader's first entry does it. */
  private void release(long attempt) {
    boolean interrupted = Thread.interrupted();
    try {
      node.releaseWrites(attempt);
    } catch (RuntimeException e) {
      log.debug("Writes are let go by the next leader or by time", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void checkLeading(long term) {
    NodeStatus status = node.status();
    if (stopping || !status.leads() || status.term() != term) {
      throw new LeadershipLost();
    }
  }

  private void moveTo(
      Phase phase,
      RestorePoint point,
      Found found,
      long bytes,
      long totalBytes,
      @Nullable String detail) {
    Progress before = progress;
    Instant since = before != null && before.phase() == phase ? before.since() : clock.instant();
    progress =
        new Progress(
            phase, point.toString(), found.plan().backup(), bytes, totalBytes, since, detail);
  }

  /** Deletes what a crash has left. */
  @Override
  public void start() {
    folder.clear();
    stopping = false;
    running = true;
  }

  /** Interrupts what is under way. */
  @Override
  public void stop() {
    stopping = true;
    running = false;
    Thread toEnd = thread;
    if (toEnd == null) {
      return;
    }
    toEnd.interrupt();
    try {
      if (!toEnd.join(STOP_TIMEOUT)) {
        log.warn("The restore in place has not stopped after {}", STOP_TIMEOUT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return RestoreService.PHASE;
  }
}
