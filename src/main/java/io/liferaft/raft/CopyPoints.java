package io.liferaft.raft;

import io.liferaft.sqlite.DatabaseCopy;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies that two nodes take of their databases at one {@link LogCommand.CopyPoint}, so of the same
 * content: who waits for one here, and which the leader keeps for its next backup. Reached on the
 * apply thread, the rest from any.
 */
final class CopyPoints {

  /** Nobody's checkpoints are put off for longer by a copy that no backup comes for. */
  static final Duration KEPT = Duration.ofSeconds(30);

  private static final String PUT_OFF_THERE =
      "other copies of the leader's database are being read";
  private static final String PUT_OFF_HERE = "other copies of this node's database are being read";

  private record Kept(ClusterCopy copy, long sinceNanos) {}

  /** Takes a copy as of the entry that was just applied. */
  interface Taking {
    /** Empty when a checkpoint is put off. */
    Optional<DatabaseCopy> copy() throws IOException;
  }

  private final Tally tally;
  private final LongSupplier nanoTime;
  private final Map<Long, CompletableFuture<ClusterCopy>> waiting = new ConcurrentHashMap<>();
  private final Map<String, Runnable> backups = new ConcurrentHashMap<>();
  private final Map<String, Kept> kept = new ConcurrentHashMap<>();

  CopyPoints(Tally tally, LongSupplier nanoTime) {
    this.tally = tally;
    this.nanoTime = nanoTime;
  }

  /** Waits for a point of the caller's own; {@link #giveUp} or the copy's close ends it. */
  CompletableFuture<ClusterCopy> await(long id) {
    CompletableFuture<ClusterCopy> copy = new CompletableFuture<>();
    waiting.put(id, copy);
    return copy;
  }

  /** Ends a wait whose copy nobody takes any more. */
  void giveUp(long id, CompletableFuture<ClusterCopy> copy) {
    waiting.remove(id);
    if (!copy.cancel(false)) {
      var _ = copy.thenAccept(ClusterCopy::close);
    }
  }

  /** See {@link RaftNode#keepCopies}. */
  void keepFor(String destination, Runnable wake) {
    backups.put(destination, wake);
  }

  /** See {@link RaftNode#keptCopy}. */
  Optional<ClusterCopy> takeKept(String destination) {
    return Optional.ofNullable(kept.remove(destination)).map(Kept::copy);
  }

  /** Lets go of what is kept for too long. */
  void sweep() {
    long now = nanoTime.getAsLong();
    kept.forEach((destination, copy) -> {
      if (now - copy.sinceNanos() > KEPT.toNanos() && kept.remove(destination, copy)) {
        copy.copy().close();
      }
    });
  }

  void closeAll() {
    for (String destination : kept.keySet()) {
      takeKept(destination).ifPresent(ClusterCopy::close);
    }
  }

  /**
   * A point was applied.
   *
   * @param leading this node put it into the log: what it answers is what {@link
   *     RaftNode#copyAtPoint} hears
   */
  Applied reached(LogCommand.CopyPoint point, boolean leading, Taking taking) throws IOException {
    if (leading) {
      Runnable wake = backups.get(point.destination());
      if (wake == null) {
        return new Applied.Refused("the leader makes no backups there", false);
      }
      ClusterCopy copy = take(taking);
      if (copy == null) {
        return new Applied.Refused(PUT_OFF_THERE, true);
      }
      Kept before = kept.put(point.destination(), new Kept(copy, nanoTime.getAsLong()));
      if (before != null) {
        before.copy().close();
      }
      wake.run();
    }
    CompletableFuture<ClusterCopy> own = waiting.remove(point.id());
    if (own != null) {
      hand(take(taking), own);
    }
    return new Applied.Done();
  }

  private static void hand(@Nullable ClusterCopy copy, CompletableFuture<ClusterCopy> to) {
    if (copy == null) {
      to.completeExceptionally(new RequestRefusedException(PUT_OFF_HERE));
    } else if (!to.complete(copy)) {
      copy.close();
    }
  }

  private @Nullable ClusterCopy take(Taking taking) throws IOException {
    Optional<DatabaseCopy> copy = taking.copy();
    if (copy.isEmpty()) {
      return null;
    }
    tally.count(Tally.Event.SNAPSHOT);
    tally.count(Tally.Event.COPY);
    return Copies.of(copy.get());
  }
}
