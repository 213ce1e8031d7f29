package io.liferaft.raft;

import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Consistent copies of the database: this node's own, or the leader's over the Raft port. */
final class Copies {

  private final LocalNode node;
  private final SqliteStore store;
  private final LogWriter writer;
  private final LeaderCopies leases;

  Copies(LocalNode node, SqliteStore store, LogWriter writer) {
    this.node = node;
    this.store = store;
    this.writer = writer;
    this.leases = new LeaderCopies(store, System::nanoTime);
  }

  /** This node's copy; holds every change applied before the call. Waits for a checkpoint. */
  ClusterCopy here(Duration timeout) {
    checkpoint(timeout);
    ClusterCopy copy = of(store.copy());
    node.tally().count(Tally.Event.COPY);
    return copy;
  }

  /** The leader's copy, read page by page. */
  ClusterCopy there(NodeStatus.Member leader, Duration timeout) {
    Peers.CopyTicket ticket = node.peers().openCopy(leader.raftAddress(), false, timeout);
    return of(new RemoteCopy(node.peers(), leader.raftAddress(), ticket));
  }

  static ClusterCopy of(DatabaseCopy copy) {
    StatePayload payload = StatePayload.decode(copy.payload());
    return new ClusterCopy(copy, payload.state(), payload.term());
  }

  /** See {@link RaftNode#copyAtPoint}. */
  ClusterCopy atPoint(String destination, Duration timeout) {
    long id = ThreadLocalRandom.current().nextLong();
    CompletableFuture<ClusterCopy> copy = node.copyPoints().await(id);
    boolean taken = false;
    try {
      writer.commandAnywhere(new LogCommand.CopyPoint(destination, id), timeout);
      ClusterCopy own = copy.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      taken = true;
      return own;
    } catch (TimeoutException e) {
      throw new RequestRefusedException(
          "this node has not come to the point of the copy within " + timeout);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RequestRefusedException putOff
          ? putOff
          : new IllegalStateException("the copy was not taken", e.getCause());
    } catch (InterruptedException e) {
      throw LeaderRouter.interrupted();
    } finally {
      if (!taken) {
        node.copyPoints().giveUp(id, copy);
      }
    }
  }

  /**
   * Opens a lease for another node.
   *
   * @param install the other one is to go on from the copy: a leader that is not ready gives it,
   *     too, since its first entry may need just that node's consent
   */
  Peers.CopyTicket open(boolean install, Duration timeout) {
    if (!node.leads() && !(install && node.elected())) {
      throw new NotLeaderException("not leader");
    }
    checkpoint(timeout);
    Replica replica = node.replica().orElseThrow(LocalNode::opening);
    try {
      return leases.open(replica::stagingPath);
    } catch (IOException e) {
      throw new UncheckedIOException("the copy cannot be opened", e);
    }
  }

  LeaderCopies leases() {
    return leases;
  }

  /** Waits until the record holds every change applied before the call. */
  private void checkpoint(Duration timeout) {
    long wanted = node.payload().state().changeIndex();
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      while (true) {
        node.snapshot(timeout);
        long record = node.replica().map(Replica::recordIndex).orElse(-1L);
        if (record >= Math.max(wanted, 0)) {
          return;
        }
        if (System.nanoTime() > deadline) {
          throw new NotReadyException(
              "other copies of the database are being read; try again later",
              Duration.ofSeconds(5));
        }
        node.leaderSignal().await();
      }
    } catch (IOException e) {
      throw new NotReadyException("no checkpoint now: " + e.getMessage(), Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      throw LeaderRouter.interrupted();
    }
  }
}
