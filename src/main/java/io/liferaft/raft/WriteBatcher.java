package io.liferaft.raft;

import io.liferaft.sqlite.EntryOutcome;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;

/**
 * Turns requests into log entries on the leader: one that finds nothing under way goes at once,
 * those that wait while entries are under way travel together. Stamps clock, seed and budget. A
 * thread of its own submits, so that neither Ratis' nor the apply thread ever does.
 */
final class WriteBatcher implements AutoCloseable {

  /** Entries under way at a time: the second is appended while the first is applied. */
  private static final int MAX_UNDER_WAY = 2;

  private static final int MAX_REQUESTS = 1024;
  private static final int MAX_BYTES = 1024 * 1024;

  private record Waiting(
      LogCommand.Execute request, byte[] body, CompletableFuture<Peers.Appended> done) {}

  private final Clock clock;
  private final BiFunction<LogCommand, byte[], CompletableFuture<Peers.Appended>> submit;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Waiting> queue = new ArrayDeque<>();
  private int underWay;
  private boolean closed;

  /**
   * @param submit hands a command with its encoding to Ratis; may fail at once
   */
  WriteBatcher(
      String nodeId,
      Clock clock,
      BiFunction<LogCommand, byte[], CompletableFuture<Peers.Appended>> submit) {
    this.clock = clock;
    this.submit = submit;
    this.thread = Thread.ofPlatform().name("raft-submit-" + nodeId).daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Queues a request; any thread.
   *
   * @param request its clock and seed are overwritten
   * @param body its encoding by {@link LogCommandCodec#body}
   */
  CompletableFuture<Peers.Appended> add(LogCommand.Execute request, byte[] body) {
    Waiting waiting = new Waiting(request, body, new CompletableFuture<>());
    lock.lock();
    try {
      if (closed) {
        waiting.done().completeExceptionally(new NotLeaderException("this node is stopping"));
      } else {
        queue.add(waiting);
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
    return waiting.done();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signal();
      queue.forEach(waiting ->
          waiting.done().completeExceptionally(new NotLeaderException("this node is stopping")));
      queue.clear();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    for (List<Waiting> next = take(); !next.isEmpty(); next = take()) {
      send(next);
    }
  }

  private List<Waiting> take() {
    lock.lock();
    try {
      while (!closed && (queue.isEmpty() || underWay >= MAX_UNDER_WAY)) {
        changed.awaitUninterruptibly();
      }
      List<Waiting> taken = new ArrayList<>(Math.min(queue.size(), MAX_REQUESTS));
      int bytes = 0;
      while (!queue.isEmpty()
          && taken.size() < MAX_REQUESTS
          && (taken.isEmpty() || bytes + queue.peek().body().length <= MAX_BYTES)) {
        Waiting waiting = queue.remove();
        bytes += waiting.body().length;
        taken.add(waiting);
      }
      underWay++;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void send(List<Waiting> waiting) {
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
    CompletableFuture<Peers.Appended> submitted;
    try {
      submitted = submit.apply(command, LogCommandCodec.encode(requests, bodies));
    } catch (RuntimeException e) {
      submitted = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<?> _ =
        submitted.whenComplete((appended, failure) -> {
          landed();
          if (failure == null) {
            answer(waiting, appended);
          } else {
            waiting.forEach(each -> each.done().completeExceptionally(failure));
          }
        });
  }

  private void landed() {
    lock.lock();
    try {
      underWay--;
      changed.signal();
    } finally {
      lock.unlock();
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
