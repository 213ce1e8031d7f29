package io.liferaft.sqlite;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends calls whose time is over, up to a second late: by one timer a second while any is under way,
 * since one for each call costs a twentieth of what a short read does. Safe for many threads.
 */
final class ReaderLimits {

  private static final Executor IN_A_SECOND =
      CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS, Runnable::run);

  private final Set<ReaderCall<?>> underWay = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  /** From now on it is looked after. */
  void add(ReaderCall<?> call) {
    boolean _ = underWay.add(call);
    schedule();
  }

  void remove(ReaderCall<?> call) {
    boolean _ = underWay.remove(call);
  }

  private void schedule() {
    if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
      IN_A_SECOND.execute(this::look);
    }
  }

  private void look() {
    long now = System.nanoTime();
    for (ReaderCall<?> call : underWay) {
      call.endIfOverdue(now);
    }
    scheduled.set(false);
    // A call that is added meanwhile sees the flag, or is seen here.
    if (!underWay.isEmpty()) {
      schedule();
    }
  }
}
