package io.liferaft.raft;

import io.liferaft.sqlite.EntryOutcome;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns requests into log entries on the leader: one that finds nothing under way goes at once, on
 * its own thread, those that wait while entries are under way travel together. Stamps clock, seed
 * and budget. The latter are submitted by a thread of the batcher's, so that neither Ratis' nor the
 * apply thread ever does; it also ends the wait of requests whose time is over.
 */
final class WriteBatcher implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(WriteBatcher.class);

  /** Entries under way at a time on a lone voter: one is appended while another is applied. */
  static final int ALONE = 2;

  /**
   * Entries under way at a time beside other voters: each costs every one of them messages and a
   * forced write, so what waits is better off together.
   */
  static final int WITH_OTHERS = 1;

  private static final int MAX_REQUESTS = 1024;
  private static final int MAX_BYTES = 1024 * 1024;

  /** Time limits are looked at so often; nothing wakes for them in between. */
  private static final long SWEEP_NANOS = Duration.ofMillis(100).toNanos();

  private record Waiting(
      LogCommand.Execute request,
      byte[] body,
      Duration limit,
      long deadline,
      CompletableFuture<Peers.Appended> done) {

    static Waiting of(LogCommand.Execute request, byte[] body, Duration limit) {
      long deadline = System.nanoTime() + limit.toNanos();
      return new Waiting(request, body, limit, deadline, new CompletableFuture<>());
    }

    boolean over(long now) {
      return now - deadline > 0;
    }

    /** The cause is made only for who still waits. */
    void giveUp(Supplier<RuntimeException> cause) {
      if (!done.isDone()) {
        done.completeExceptionally(cause.get());
      }
    }
  }

  /** Requests that travel together; told from others by identity. */
  private static final class Entry {
    private final List<Waiting> requests;

    Entry(List<Waiting> requests) {
      this.requests = requests;
    }
  }

  private final Clock clock;
  private final BiFunction<LogCommand, byte[], Submission> submit;
  private final BooleanSupplier hopeless;
  private final IntSupplier window;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Waiting> queue = new ArrayDeque<>();
  private final List<Entry> underWay = new ArrayList<>(ALONE);

  /** Of a leadership that is over: the next leader's log will tell. */
  private final List<Entry> left = new ArrayList<>();

  /** Of entries that may be under way now; looked at once for each, not for each request. */
  private int room = ALONE;

  private long nextSweep = System.nanoTime() + SWEEP_NANOS;
  private boolean closed;

  /**
   * @param submit hands a command with its encoding to Ratis; never throws
   * @param hopeless whether there has been no leader for so long that nobody is to wait for what
   *     the next one does with entries of the last
   * @param window how many entries may be under way at a time
   */
  WriteBatcher(
      String nodeId,
      Clock clock,
      BiFunction<LogCommand, byte[], Submission> submit,
      BooleanSupplier hopeless,
      IntSupplier window) {
    this.clock = clock;
    this.submit = submit;
    this.hopeless = hopeless;
    this.window = window;
    this.thread = Thread.ofPlatform().name("raft-submit-" + nodeId).daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Takes a request; any thread. Does not wait, but for room in the log's queue.
   *
   * @param request its clock and seed are overwritten
   * @param body its encoding by {@link LogCommandCodec#body}
   * @param limit after which, or up to 200 ms later, the answer is that the outcome is unknown
   */
  CompletableFuture<Peers.Appended> add(LogCommand.Execute request, byte[] body, Duration limit) {
    Waiting waiting = Waiting.of(request, body, limit);
    Entry alone = null;
    lock.lock();
    try {
      if (closed) {
        waiting.done().completeExceptionally(stopping());
      } else if (underWay.isEmpty() && queue.isEmpty()) {
        alone = new Entry(List.of(waiting));
        begin(alone);
      } else {
        queue.add(waiting);
        if (underWay.size() < room) {
          changed.signal();
        }
      }
    } finally {
      lock.unlock();
    }
    if (alone != null) {
      sendHere(alone);
    }
    return waiting.done();
  }

  /** Takes several requests that are to travel together where they fit; otherwise as above. */
  List<CompletableFuture<Peers.Appended>> add(List<Peers.Write> writes) {
    List<Waiting> added =
        writes.stream()
            .map(write -> Waiting.of(write.command(), write.body(), write.timeout()))
            .toList();
    Entry own = null;
    lock.lock();
    try {
      if (closed) {
        added.forEach(waiting -> waiting.done().completeExceptionally(stopping()));
      } else {
        boolean idle = underWay.isEmpty() && queue.isEmpty();
        queue.addAll(added);
        own = idle && !queue.isEmpty() ? gather() : null;
        if (!queue.isEmpty() && underWay.size() < room) {
          changed.signal();
        }
      }
    } finally {
      lock.unlock();
    }
    if (own != null) {
      sendHere(own);
    }
    return added.stream().map(Waiting::done).toList();
  }

  private void begin(Entry entry) {
    underWay.add(entry);
    room = window.getAsInt();
  }

  private static NotLeaderException stopping() {
    return new NotLeaderException("this node is stopping");
  }

  /** Ratis' log takes an interrupt for its own end. */
  private void sendHere(Entry entry) {
    boolean interrupted = Thread.interrupted();
    try {
      send(entry);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What is under way is answered by Ratis, or ends with its time. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signal();
      queue.forEach(waiting -> waiting.done().completeExceptionally(stopping()));
      queue.clear();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    for (Entry next = take(); next != null; next = take()) {
      send(next);
    }
  }

  /** What waits, as soon as there may be another entry; null when closed and all is answered. */
  private @Nullable Entry take() {
    lock.lock();
    try {
      while (queue.isEmpty() || underWay.size() >= room) {
        if (closed && underWay.isEmpty()) {
          return null;
        }
        try {
          long _ = changed.awaitNanos(SWEEP_NANOS);
        } catch (InterruptedException e) {
          log.debug("Nobody interrupts this thread; it goes on until it is closed", e);
        }
        sweep(System.nanoTime());
      }
      return gather();
    } finally {
      lock.unlock();
    }
  }

  /** What waits, as much as fits; something does. */
  private Entry gather() {
    Entry entry = new Entry(take(queue, MAX_REQUESTS, MAX_BYTES, waiting -> waiting.body().length));
    begin(entry);
    return entry;
  }

  /** Takes the first of a queue out of it: so many, of so many bytes, but one in any case. */
  static <T> List<T> take(Queue<T> queue, int most, int mostBytes, ToIntFunction<T> bytesOf) {
    List<T> taken = new ArrayList<>(Math.min(queue.size(), most));
    int bytes = 0;
    while (!queue.isEmpty()
        && taken.size() < most
        && (taken.isEmpty() || bytes + bytesOf.applyAsInt(queue.peek()) <= mostBytes)) {
      T first = queue.remove();
      bytes += bytesOf.applyAsInt(first);
      taken.add(first);
    }
    return taken;
  }

  private void sweep(long now) {
    if (now - nextSweep < 0) {
      return;
    }
    nextSweep = now + SWEEP_NANOS;
    queue.removeIf(waiting -> {
      boolean over = waiting.over(now);
      if (over) {
        waiting.giveUp(() -> LogWriter.notSent(waiting.limit()));
      }
      return over;
    });
    giveUp(underWay, now);
    giveUp(left, now);
    if (!left.isEmpty() && hopeless.getAsBoolean()) {
      left.forEach(entry ->
          entry.requests.forEach(waiting -> waiting.giveUp(() -> Submissions.unknown(null))));
    }
    left.removeIf(entry -> entry.requests.stream().allMatch(waiting -> waiting.done().isDone()));
  }

  /** They may be in the log already. */
  private static void giveUp(List<Entry> entries, long now) {
    for (Entry entry : entries) {
      for (Waiting waiting : entry.requests) {
        if (waiting.over(now)) {
          waiting.giveUp(() -> LogWriter.notInTime(waiting.limit()));
        }
      }
    }
  }

  private void send(Entry entry) {
    List<Waiting> waiting = entry.requests;
    long now = clock.millis();
    List<LogCommand.Execute> requests = new ArrayList<>(waiting.size());
    List<byte[]> bodies = new ArrayList<>(waiting.size());
    for (Waiting each : waiting) {
      LogCommand.Execute request = each.request();
      requests.add(
          new LogCommand.Execute(
              request.statements(),
              request.form(),
              request.transaction(),
              now,
              ThreadLocalRandom.current().nextLong(),
              request.stepBudget()));
      bodies.add(each.body());
    }
    LogCommand command =
        requests.size() == 1 ? requests.getFirst() : new LogCommand.Batch(requests);
    Submission submitted = submit.apply(command, LogCommandCodec.encode(requests, bodies));
    CompletableFuture<?> _ =
        submitted
            .outcome()
            .whenComplete((appended, failure) -> {
              ended(entry);
              if (failure == null) {
                answer(waiting, appended);
              } else {
                waiting.forEach(each -> each.done().completeExceptionally(failure));
              }
            });
    CompletableFuture<?> _ = submitted.released().thenRun(() -> released(entry));
  }

  private void ended(Entry entry) {
    lock.lock();
    try {
      if (!underWay.remove(entry)) {
        left.remove(entry);
      }
      signalRoom();
    } finally {
      lock.unlock();
    }
  }

  /** Another may go; who waits for this one waits on. */
  private void released(Entry entry) {
    lock.lock();
    try {
      if (underWay.remove(entry)) {
        left.add(entry);
        signalRoom();
      }
    } finally {
      lock.unlock();
    }
  }

  private void signalRoom() {
    if (closed || !queue.isEmpty()) {
      changed.signal();
    }
  }

  private static void answer(List<Waiting> waiting, Peers.Appended appended) {
    if (appended.applied() instanceof Applied.SqlBatch(List<EntryOutcome> outcomes)) {
      for (int i = 0; i < waiting.size(); i++) {
        Applied own = new Applied.Sql(outcomes.get(i));
        waiting.get(i).done().complete(new Peers.Appended(own, appended.index()));
      }
    } else {
      waiting.forEach(each -> each.done().complete(appended));
    }
  }
}
