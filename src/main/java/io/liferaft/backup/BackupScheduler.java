package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.backup.BackupStatus.State;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.LeadershipChanged;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;

/**
 * Runs a backup round every interval, when this node becomes the leader and when an operator asks;
 * keeps what is known of them; makes a last one on a clean stop.
 */
final class BackupScheduler implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(BackupScheduler.class);

  /** Above raft's, below the web server's: stops after the one and before the other. */
  static final int PHASE = 1000;

  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final TargetRole role;
  private final BackupProperties properties;
  private final @Nullable BackupArchive archive;
  private final @Nullable BackupRun run;
  private final Pruning pruning;
  private final RaftNode node;
  private final Clock clock;
  private final BackupTrouble trouble;
  private final BackupMetrics metrics;

  /** Held during a round: there is never more than one. */
  private final ReentrantLock rounds = new ReentrantLock();

  private final BackupThread thread;

  private volatile boolean running;
  private volatile boolean inRound;
  private volatile @Nullable LeadershipChanged leadership;
  private volatile @Nullable Duration lastDuration;
  private volatile @Nullable Instant next;

  /**
   * @param role which of the places the archive is
   * @param archive null when backup is off
   */
  BackupScheduler(
      TargetRole role,
      BackupProperties properties,
      @Nullable BackupArchive archive,
      RaftNode node,
      Clock clock,
      RandomGenerator random,
      BackupMetrics metrics,
      CopySource copies) {
    this.role = role;
    this.properties = properties;
    this.archive = archive;
    this.run = archive == null ? null : new BackupRun(role, archive, node, clock, metrics, copies);
    this.pruning = new Pruning(archive, properties.retention(), node, clock, metrics);
    this.node = node;
    this.clock = clock;
    this.trouble = new BackupTrouble(role.label(), clock, random);
    this.metrics = metrics;
    this.thread =
        new BackupThread(
            role.thread(), role.label() + "The last backup", this::step, this::lastStep);
  }

  @EventListener
  void on(LeadershipChanged event) {
    leadership = event;
    if (event.thisNodeLeads()) {
      thread.wake();
    }
  }

  /** What is known, now; never waits. */
  BackupStatus status() {
    BackupArchive to = archive;
    if (to == null) {
      return new BackupStatus(null, properties.interval(), State.OFF, null, null, 0, null, null);
    }
    BackupRecord last = node.state().backups().get(to.fingerprint());
    State state = state();
    boolean standby = state == State.STANDBY;
    return new BackupStatus(
        to.location(),
        properties.interval(),
        state,
        last == null ? null : Instant.ofEpochMilli(last.timeMillis()),
        lastDuration,
        last == null ? 0 : last.changeIndex(),
        standby || state == State.STOPPED ? null : next,
        standby ? null : trouble.problem());
  }

  private State state() {
    if (inRound) {
      return State.RUNNING;
    }
    if (leaderTerm() == null || !BackupRun.ready(node.status(), node.state())) {
      return State.STANDBY;
    }
    if (stopped()) {
      return State.STOPPED;
    }
    return trouble.problem() == null ? State.WAITING : State.FAILING;
  }

  /** Where backups go; null when backup is off. */
  @Nullable BackupArchive archive() {
    return archive;
  }

  boolean off() {
    return run == null;
  }

  boolean stopped() {
    return run != null && run.stopped() != null;
  }

  /** What is kept because most of the database was gone, as the leader knows; null for nothing. */
  @Nullable String loss() {
    return run == null || leaderTerm() == null ? null : run.loss();
  }

  int failures() {
    return trouble.failures();
  }

  long count(Result result) {
    return metrics.count(result);
  }

  private @Nullable Long leaderTerm() {
    LeadershipChanged last = leadership;
    return last != null && last.thisNodeLeads() && node.status().leads() ? last.term() : null;
  }

  /** Runs the round that is due by the clock; waits for one that is under way. */
  BackupOutcome tick() {
    return round(trouble.notBefore(), false);
  }

  /** Runs a round now because an operator asks; waits for one that is under way. */
  BackupOutcome backUpNow() {
    return round(Instant.MIN, true);
  }

  /** Runs a round now, and pins what it leaves as the newest. */
  SafetyBackup backUpForSafety() {
    BackupOutcome outcome = backUpNow();
    BackupArchive to = archive;
    ReplicatedState now = node.state();
    if (to == null || !recorded(now, to)) {
      return new SafetyBackup(false, outcome.detail());
    }
    try {
      String id = to.latest().flatMap(to::idOf).orElse(null);
      if (id != null) {
        to.pin(id);
      }
      return new SafetyBackup(true, id == null ? "at " + to.location() : id);
    } catch (ObjectStoreException e) {
      return new SafetyBackup(false, "the backup could not be pinned: " + e.getMessage());
    }
  }

  private BackupOutcome round(Instant earliest, boolean asked) {
    BackupRun round = run;
    if (round == null) {
      return new BackupOutcome(Result.SKIPPED, "Backup is off: set liferaft.backup.target");
    }
    rounds.lock();
    try {
      if (asked) {
        round.allow();
      }
      Long term = leaderTerm();
      Instant started = clock.instant();
      inRound = term != null;
      BackupOutcome outcome = attempt(round, term, earliest);
      inRound = false;
      metrics.result(outcome.result());
      take(outcome, started);
      return outcome;
    } finally {
      inRound = false;
      rounds.unlock();
    }
  }

  private BackupOutcome attempt(BackupRun round, @Nullable Long term, Instant earliest) {
    try {
      return round.round(term, earliest);
    } catch (LeadershipLost | NotLeaderException | NotReadyException | CommitUnknownException e) {
      log.info(
          "{}Backup given up, as the cluster is changing its leader: {}",
          role.label(),
          e.getMessage());
      return new BackupOutcome(Result.SKIPPED, "Given up: " + e.getMessage());
    } catch (RuntimeException | IOException e) {
      return failed(e);
    }
  }

  private BackupOutcome failed(Exception e) {
    String detail = "Backup failed: " + e.getMessage();
    trouble.failed(
        e instanceof ObjectStoreException store ? store.reason().name() : e.getClass().getName(),
        detail,
        e);
    return new BackupOutcome(Result.FAILED, detail);
  }

  private void take(BackupOutcome outcome, Instant started) {
    switch (outcome.result()) {
      case OK, RECORDED -> {
        if (outcome.result() == Result.OK) {
          lastDuration = Duration.between(started, clock.instant());
        }
        log.info("{}{}", role.label(), outcome.detail());
        trouble.over();
      }
      case REFUSED, STOPPED -> trouble.held(outcome.result().tag(), outcome.detail());
      case FAILED -> {}
      case SKIPPED -> {
        if (run != null && run.inOrder()) {
          trouble.over();
        }
      }
    }
  }

  @Override
  public void start() {
    running = true;
    BackupArchive to = archive;
    if (to == null) {
      log.warn(
          "Nothing is backed up: set liferaft.backup.target, for example to"
              + " s3://bucket/liferaft.sqlite.gz");
      return;
    }
    node.keepCopies(to.fingerprint(), thread::wake);
    pruning.allow();
    thread.start();
  }

  private Duration step() {
    Result result = tick().result();
    pruning.after(result, run != null && run.inOrder() && backedUp(), leaderTerm());
    Duration pause = trouble.failures() == 0 ? properties.interval() : trouble.untilRetry();
    next = clock.instant().plus(pause);
    return pause;
  }

  private void lastStep() {
    if (properties.onStopTimeout().isPositive()) {
      awaitLeadersBackup();
      if (run != null) {
        run.forgetKept();
      }
      BackupOutcome outcome = round(Instant.MIN, false);
      switch (outcome.result()) {
        case FAILED, REFUSED, STOPPED -> tellWhatIsLeft(outcome);
        case OK, RECORDED, SKIPPED -> {}
      }
    }
  }

  /** Also where the same reason was told before: nothing tries again after this. */
  private void tellWhatIsLeft(BackupOutcome outcome) {
    BackupArchive to = archive;
    ReplicatedState now = node.state();
    if (to != null && !recorded(now, to)) {
      log.warn(
          "{}This node stops with changes up to index {} in no backup at {}: {}",
          role.label(),
          now.changeIndex(),
          to.location(),
          outcome.detail());
    }
  }

  /** An archive that this cluster has put nothing in is none to prune, nor trouble. */
  private boolean backedUp() {
    BackupArchive to = archive;
    return to != null && node.state().backups().containsKey(to.fingerprint());
  }

  /**
   * When all nodes stop together the leader needs a quorum for its last backup: a follower that has
   * seen changes which are in no backup yet stays until they are, if that can be expected in time.
   */
  private void awaitLeadersBackup() {
    BackupArchive to = archive;
    if (to == null || properties.interval().compareTo(properties.onStopTimeout()) > 0) {
      return;
    }
    ReplicatedState seen = node.state();
    while (leaderTerm() == null
        && node.status().leader() != null
        && !recorded(seen, to)
        && thread.pause(LOOK_AGAIN)) {
      log.debug("Waiting for the leader's backup of index {}", seen.changeIndex());
    }
  }

  private boolean recorded(ReplicatedState seen, BackupArchive to) {
    BackupRecord last = node.state().backups().get(to.fingerprint());
    return seen.changeIndex() == 0
        || !seen.generation().equals(node.state().generation())
        || (last != null
            && last.generation().equals(seen.generation())
            && last.changeIndex() >= seen.changeIndex());
  }

  /** Lets a round under way finish and makes a last backup if one is due, within the time limit. */
  @Override
  public void stop(Runnable callback) {
    Thread.ofVirtual()
        .name(role.thread() + "-stop")
        .start(() -> {
          stop();
          callback.run();
        });
  }

  @Override
  public void stop() {
    running = false;
    pruning.interrupt();
    thread.stop(properties.onStopTimeout());
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
