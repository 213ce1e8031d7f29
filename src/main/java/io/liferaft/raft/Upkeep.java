package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is looked at ten times a second: room on the disk, the leader and whether its process has
 * ended, a group that Ratis has closed, the size of SQLite's WAL; once a second lost votes, a log
 * that gets no further, how far the log may be cut; once, whether the cluster enforces foreign keys
 * as this node was told. On the thread {@code raft-events}, which it does not hold up: others do
 * what it finds to be done.
 */
final class Upkeep {

  private static final Logger log = LoggerFactory.getLogger(Upkeep.class);
  private static final Duration TICK = Duration.ofMillis(100);

  /** So many ticks apart is what costs more than it could be late. */
  private static final int SELDOM = 10;

  private final NodeConfig config;
  private final SqliteStore store;
  private final NodeLife life;
  private final OpenGroup group;
  private final NodeFaults faults;
  private final DiskRoom room;
  private final LeaderContact contact;
  private final CopyTaking copies;
  private final HandOver handOver;
  private final OtherNodes others;
  private final LeaderWatch leaderWatch;
  private final LeaderCalls leaderCalls;
  private final LogStall logStall = new LogStall();
  private final SnapshotTrigger snapshots = new SnapshotTrigger();
  private boolean foreignKeysCompared;
  private int ticks;

  /** The record that the log was last cut for. */
  private long cutFor = -1;

  Upkeep(
      NodeConfig config,
      SqliteStore store,
      NodeLife life,
      OpenGroup group,
      NodeFaults faults,
      DiskRoom room,
      LeaderContact contact,
      CopyTaking copies,
      HandOver handOver,
      OtherNodes others,
      LeaderWatch leaderWatch,
      LeaderCalls leaderCalls) {
    this.config = config;
    this.store = store;
    this.life = life;
    this.group = group;
    this.faults = faults;
    this.room = room;
    this.contact = contact;
    this.copies = copies;
    this.handOver = handOver;
    this.others = others;
    this.leaderWatch = leaderWatch;
    this.leaderCalls = leaderCalls;
  }

  /**
   * @param housekeeping run every second, must not wait
   */
  void start(ScheduledExecutorService events, Runnable housekeeping) {
    var _ =
        events.scheduleWithFixedDelay(
            () -> tick(housekeeping), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void tick(Runnable housekeeping) {
    try {
      if (ticks++ % SELDOM == 0) {
        housekeeping.run();
        lookAtFiles();
      }
      room.look();
      Optional<RaftServer.Division> division = group.division();
      division.ifPresent(leaderWatch::look);
      RaftPeerId leader = division.map(group::leader).orElse(null);
      leaderCalls.look(
          division.flatMap(d -> RatisServer.address(d, leader)).orElse(null),
          config.electionTimeout().dividedBy(2));
      contact.look(leader != null);
      if (faults.isStuck() && division.map(HandOver::possible).orElse(false)) {
        // it may have been elected again: its log is as good as the others'
        handOver.start(server());
      }
      lookAtServer();
      division.ifPresent(d -> life.raiseVotes(d.getInfo().getCurrentTerm()));
      if (!room.enough() && division.map(HandOver::possible).orElse(false)) {
        handOver.startIf(others::anotherHasRoom, server());
      }
      if (division.isPresent() && checkpointIsDue()) {
        snapshots.take(server());
      }
    } catch (RuntimeException e) {
      log.debug("A tick failed", e);
    }
  }

  private void lookAtFiles() {
    if (server() != null && !faults.failed() && RaftFolder.voteIsLost(config.dataDir())) {
      life.broken(new SqliteException("the Raft log's votes cannot be written: the disk was full"));
    }
    group.division().flatMap(logStall::behind).ifPresent(copies::take);
    cutLog();
    compareForeignKeys();
  }

  /** Lets go of what the main file holds, but for what is kept for nodes that are away. */
  private void cutLog() {
    RaftServer.Division division = group.division().orElse(null);
    long record = group.recordIndex();
    if (division == null || record == cutFor) {
      return;
    }
    // A copy that was just made the database is ahead of what Ratis knows to be applied.
    long known = Math.min(record, division.getInfo().getLastAppliedIndex());
    Path folder = RatisServer.folder(config.dataDir(), division.getMemberId().getGroupId());
    try {
      long cut =
          TrailingLog.cut(
              SegmentFile.in(GroupLog.current(folder)), known, config.cutting().trailingBytes());
      if (cut >= 0) {
        CompletableFuture<?> _ = division.getRaftLog().purge(cut);
      }
      cutFor = known;
    } catch (IOException e) {
      log.debug("Ratis has just changed its files; they are looked at again", e);
    }
  }

  private boolean checkpointIsDue() {
    LogCutting cutting = config.cutting();
    if (store.status().walBytes() >= cutting.walBytes()) {
      return true;
    }
    return group.appliedIndex() - group.recordIndex() >= cutting.entries();
  }

  /** Once, as soon as this node knows whom it belongs to: what its setting asks for is not so. */
  private void compareForeignKeys() {
    if (foreignKeysCompared || group.payload().state().clusterId().isEmpty()) {
      return;
    }
    foreignKeysCompared = true;
    boolean enforced = store.status().foreignKeys();
    if (enforced != config.foreignKeys()) {
      log.warn(
          "liferaft.raft.foreign-keys={} has no effect here: the cluster {} foreign keys, as its founder or a PRAGMA said",
          config.foreignKeys(),
          enforced ? "enforces" : "does not enforce");
    }
  }

  private void lookAtServer() {
    RatisServer current = server();
    if (current != null && !faults.failed() && current.closed()) {
      life.broken(new SqliteException("Ratis has closed the group"));
    }
  }

  private @Nullable RatisServer server() {
    return group.server().orElse(null);
  }
}
