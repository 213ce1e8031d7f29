package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of this node: opens its folder, Ratis' server and the state machine, closes them, and
 * opens them again from the last record after a fault that nothing less mends. Opening and closing
 * happen on the thread {@code raft-open}, one after the other; nothing here waits on a Ratis
 * thread.
 */
final class NodeLife implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(NodeLife.class);

  private static final Duration REOPEN_AFTER = Duration.ofSeconds(1);
  private static final Duration RETRY_OPEN_AFTER = Duration.ofSeconds(5);

  private final NodeConfig config;
  private final SqliteStore store;
  private final OwnFolder folder;
  private final OpenGroup group;
  private final CatchUp catchUp;
  private final NodeFaults faults;
  private final OtherNodes others;
  private final KnownMembers known;
  private final Tally tally;
  private final ScheduledExecutorService opener;
  private final AtomicBoolean reopening = new AtomicBoolean();
  private PeerDispatch.@Nullable Local served;
  private volatile boolean closed;

  NodeLife(
      NodeConfig config,
      SqliteStore store,
      OwnFolder folder,
      OpenGroup group,
      CatchUp catchUp,
      NodeFaults faults,
      OtherNodes others,
      KnownMembers known,
      Tally tally) {
    this.config = config;
    this.store = store;
    this.folder = folder;
    this.group = group;
    this.catchUp = catchUp;
    this.faults = faults;
    this.others = others;
    this.known = known;
    this.tally = tally;
    this.opener =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("raft-open-" + config.id()).daemon().factory());
  }

  /**
   * Starts opening; returns at once.
   *
   * @throws SqliteException.FolderInUse when another process has the directory
   */
  void start(PeerDispatch.Local local) {
    this.served = local;
    try {
      folder.lock();
    } catch (IOException e) {
      log.debug("Opening will say so", e);
    }
    opener.execute(this::open);
  }

  /** Whether it has ended for good. */
  boolean closed() {
    return closed;
  }

  /** Whether everything is to be closed and opened again. */
  boolean reopening() {
    return reopening.get();
  }

  // --- on the opener's thread ---

  private void open() {
    if (closed || group.server().isPresent()) {
      return; // another try has opened it
    }
    try {
      openGroup(folder.prepare());
      faults.failed(null);
    } catch (IOException | RuntimeException e) {
      SqliteException.InvalidDatabase touched = touched(e);
      if (touched != null && !known.alone()) {
        startOver(touched);
      } else {
        fail(e);
      }
    }
  }

  /** The database is not as its record says; null for other failures. */
  private static SqliteException.@Nullable InvalidDatabase touched(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SqliteException.InvalidDatabase touched) {
        return touched;
      }
    }
    return null;
  }

  private void openGroup(NodeIdentity own) throws IOException {
    PeerDispatch.Local local = served;
    if (local == null) {
      throw new IllegalStateException("not started");
    }
    catchUp.begin();
    group.open(own, local);
    log.info(
        "Node {} listens for other nodes at {}; {}",
        own.peerId(),
        config.raftBind(),
        group
            .id()
            .map(id -> "goes on in cluster group " + id)
            .orElse(folder.fresh() ? "its data directory is fresh" : "it is in no group yet"));
  }

  /** The database was touched while the node was down: it comes anew from the leader. */
  private void startOver(SqliteException.InvalidDatabase touched) {
    log.error(
        "{}. This node gives up its local data and takes a copy from the leader",
        touched.getMessage());
    tally.count(Tally.Event.START_REBUILT);
    try {
      group.close();
      openGroup(folder.renew());
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  /** Out of service, but live: what may pass by itself is tried again. */
  private void fail(Exception e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof SqliteException)) {
      cause = cause.getCause();
    }
    String reason = reason(cause);
    if (!reason.equals(faults.failure())) {
      log.error("This node cannot open its data and stays out of service: {}", reason);
      log.debug("It failed here", e);
    }
    faults.failed(reason);
    group.close();
    boolean mayPass =
        cause instanceof IOException
            || (cause instanceof SqliteException
                && !(cause instanceof SqliteException.InvalidDatabase));
    if (mayPass && !closed) {
      var _ = opener.schedule(this::open, RETRY_OPEN_AFTER.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private String reason(Throwable cause) {
    String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    if (cause instanceof BindException) {
      return "the Raft port cannot be opened at %s: %s. End who has it, or set liferaft.raft.address to a free one of this machine"
          .formatted(config.raftBind(), message);
    }
    if (cause instanceof FileSystemException file) {
      String why =
          switch (file) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "it does not exist and cannot be made";
            default ->
                file.getReason() == null ? file.getClass().getSimpleName() : file.getReason();
          };
      return "%s: %s. Let this process write to the data directory, or set liferaft.node.data-dir to another one"
          .formatted(file.getFile(), why);
    }
    return message;
  }

  private void reopen() {
    group.close();
    faults.stuck(null);
    reopening.set(false); // what is opened now replays at once, and may break before it is open
    if (faults.corruption().stays()
        && !known.alone()
        && others.leaderIsPast(faults.corruption().lastApplied())) {
      giveUpDatabase();
    } else {
      open();
    }
  }

  /** What this database cannot apply has been applied by the leader. */
  private void giveUpDatabase() {
    try {
      SqliteException.InvalidDatabase damaged =
          store.setAside(
              config.dataDir(),
              "is damaged after log index "
                  + faults.corruption().lastApplied()
                  + ", where the leader's is not");
      faults.corruption().over();
      startOver(damaged);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  // --- asked for from other threads ---

  /** Gives up the place in the group, not the data: both are members' history. Waits. */
  void enterAgain() {
    openAfter(() -> {
      NodeIdentity _ = folder.renew();
    });
  }

  /** Gives up what this node has, which must be no data, and opens as a fresh one; waits. */
  void startAnew() {
    group.division().ifPresent(others::checkAllKnown);
    openAfter(folder::discard);
  }

  /** Goes on alone, for the nodes of a list; waits. */
  void goOnForListed() {
    openAfter(folder::goOnForListed);
  }

  private interface FolderChange {
    void make() throws IOException;
  }

  /** Closes, changes the folder, and opens what is there then; waits. */
  private void openAfter(FolderChange change) {
    CompletableFuture.runAsync(
            () -> {
              group.close();
              try {
                change.make();
              } catch (IOException | IllegalStateException e) {
                fail(e);
                return;
              }
              open();
            },
            opener)
        .join();
  }

  /**
   * Opens again from the record that a state machine has been given, if that is still open; returns
   * at once.
   *
   * @param then run after that, or in place of it; never once this node is closed
   */
  void openAgain(SqliteStateMachine given, Runnable then) {
    try {
      opener.execute(() -> {
        if (group.has(given)) {
          group.close();
          open();
        }
        then.run();
      });
    } catch (RejectedExecutionException e) {
      log.debug("Closed meanwhile: the next start goes on from the record");
    }
  }

  /** Out of service until an operator has decided. */
  void standAside(String reason) {
    opener.execute(() -> {
      folder.notFresh();
      fail(new IllegalStateException(reason));
    });
  }

  /** Keeps the ceiling of this node's votes well above a term; returns at once. */
  void raiseVotes(long term) {
    if (folder.votesNear(term)) {
      opener.execute(() -> folder.raiseVotes(term));
    }
  }

  /** Only opening everything again helps; returns at once. */
  void broken(SqliteException cause) {
    if (closed || !reopening.compareAndSet(false, true)) {
      return;
    }
    Duration pause = REOPEN_AFTER;
    boolean news = true;
    if (cause instanceof SqliteException.NodeFault fault && fault.corrupt()) {
      Corruption corruption = faults.corruption();
      long applied = group.appliedIndex();
      long committed =
          group.division().map(d -> d.getRaftLog().getLastCommittedIndex()).orElse(applied);
      corruption.met(applied, committed, String.valueOf(fault.getMessage()));
      pause = corruption.pause();
      news = corruption.isNews();
    }
    if (news) {
      log.error("This node opens its data again from its last record: {}", cause.getMessage());
    }
    var _ = opener.schedule(this::reopen, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Opening again would not help either; returns at once. */
  void unreadable(RuntimeException cause) {
    if (!closed && reopening.compareAndSet(false, true)) {
      opener.execute(() -> {
        fail(cause);
        reopening.set(false);
      });
    }
  }

  /** Ends for good; a last snapshot is taken where it can be. Waits. */
  @Override
  public void close() {
    closed = true;
    try {
      Void _ = CompletableFuture.runAsync(group::close, opener).join();
    } finally {
      folder.unlock();
      opener.shutdownNow();
    }
  }
}
