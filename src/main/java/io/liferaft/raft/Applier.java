package io.liferaft.raft;

import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.protocol.Message;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The apply thread and its queue. Committed entries go in, in log order, and are applied as many at
 * a time as wait; calls that need the thread ({@link #call}) keep their place among them. The queue
 * is bounded in bytes: {@link #add} waits above the limit, so a replay of chunks cannot fill the
 * heap.
 */
final class Applier implements AutoCloseable {

  /** Told of faults; called on the apply thread and must not wait. */
  interface Faults {
    /** This node cannot apply now; the same entries are tried again. Null when it works again. */
    void stuck(@Nullable String problem);

    /** Only opening everything again from the record helps; nothing more is applied. */
    void broken(SqliteException cause);
  }

  private static final Logger log = LoggerFactory.getLogger(Applier.class);
  private static final long MAX_QUEUED_BYTES = 16L * 1024 * 1024;
  private static final int MAX_GROUP = 4096;
  private static final long RETRY_MILLIS = 1_000;

  /** Enough for SQLite's recursion over patterns and expressions. */
  private static final long STACK_BYTES = 16L * 1024 * 1024;

  private sealed interface Task {
    record Apply(Replica.Entry entry, int bytes, CompletableFuture<Message> done) implements Task {}

    record Skip(long term, long index) implements Task {}

    record Checkpoint(CompletableFuture<Long> done) implements Task {}

    record Call(Callable<?> work, CompletableFuture<Object> done) implements Task {}
  }

  private final Replica replica;
  private final Faults faults;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Condition drained = lock.newCondition();
  private final Condition stopping = lock.newCondition();
  private final Queue<Task> queue = new ArrayDeque<>();
  private long queuedBytes;
  private boolean busy;
  private boolean closed;
  private boolean impatient;

  Applier(Replica replica, String nodeId, Faults faults) {
    this.replica = replica;
    this.faults = faults;
    this.thread = new Thread(null, this::run, "raft-apply-" + nodeId, STACK_BYTES);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Queues an entry; waits while too many bytes are queued. */
  CompletableFuture<Message> add(Replica.Entry entry, int bytes) {
    CompletableFuture<Message> done = new CompletableFuture<>();
    lock.lock();
    try {
      while (queuedBytes > 0 && queuedBytes + bytes > MAX_QUEUED_BYTES && !closed) {
        drained.awaitUninterruptibly();
      }
      offer(new Task.Apply(entry, bytes, done));
      queuedBytes += bytes;
    } finally {
      lock.unlock();
    }
    return done;
  }

  /** Queues an entry that has no command. */
  void skip(long term, long index) {
    lock.lock();
    try {
      offer(new Task.Skip(term, index));
    } finally {
      lock.unlock();
    }
  }

  /** Runs work on the apply thread after everything that has been added before. */
  <T> CompletableFuture<T> call(Callable<T> work) {
    CompletableFuture<Object> done = new CompletableFuture<>();
    lock.lock();
    try {
      offer(new Task.Call(work, done));
    } finally {
      lock.unlock();
    }
    @SuppressWarnings("unchecked")
    CompletableFuture<T> typed = (CompletableFuture<T>) done;
    return typed;
  }

  /**
   * Makes the record name everything that has been added before; a fault is waited out, and nothing
   * is applied meanwhile.
   *
   * @return the record's index; an older one when the checkpoint was put off
   */
  CompletableFuture<Long> checkpoint() {
    CompletableFuture<Long> done = new CompletableFuture<>();
    lock.lock();
    try {
      offer(new Task.Checkpoint(done));
    } finally {
      lock.unlock();
    }
    return done;
  }

  /**
   * Completes when everything that has been added before is applied; at once when nothing waits.
   */
  CompletableFuture<Void> drain() {
    lock.lock();
    try {
      if (!busy && queue.isEmpty() && !closed) {
        return CompletableFuture.completedFuture(null);
      }
    } finally {
      lock.unlock();
    }
    return call(() -> null);
  }

  /**
   * From now on a fault is not waited out but ends the thread: before the group is closed, because
   * Ratis waits for whatever is being applied or checkpointed.
   */
  void giveUpOnFaults() {
    lock.lock();
    try {
      impatient = true;
      stopping.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Stops the thread after the group at hand; what waits fails. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      filled.signalAll();
      drained.signalAll();
      stopping.signalAll();
    } finally {
      lock.unlock();
    }
    if (Thread.currentThread() != thread) {
      joinUninterruptibly();
    }
  }

  private void joinUninterruptibly() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void offer(Task task) {
    if (closed) {
      fail(task);
    } else {
      queue.add(task);
      filled.signal();
    }
  }

  private static void fail(Task task) {
    IllegalStateException stopped = new IllegalStateException("this node has stopped applying");
    switch (task) {
      case Task.Apply apply -> apply.done().completeExceptionally(stopped);
      case Task.Call call -> call.done().completeExceptionally(stopped);
      case Task.Checkpoint checkpoint -> checkpoint.done().completeExceptionally(stopped);
      case Task.Skip _ -> {}
    }
  }

  private void run() {
    try {
      for (List<Task> tasks = take(); !tasks.isEmpty(); tasks = take()) {
        runTasks(tasks);
      }
    } catch (Broken e) {
      log.error("Applying stopped: {}", e.reason.getMessage(), e.reason);
      faults.broken(e.reason);
    } catch (RuntimeException | Error e) {
      log.error("Applying stopped by a defect", e);
      faults.broken(new SqliteException.NodeFault("applying failed: " + e, false, false, e));
    } finally {
      stop();
    }
  }

  /** The tasks that wait, up to a limit; empty when closed. */
  private List<Task> take() {
    lock.lock();
    try {
      busy = false;
      while (queue.isEmpty() && !closed) {
        filled.awaitUninterruptibly();
      }
      if (closed) {
        return List.of();
      }
      busy = true;
      List<Task> tasks = new ArrayList<>(Math.min(queue.size(), MAX_GROUP));
      while (!queue.isEmpty() && tasks.size() < MAX_GROUP) {
        Task task = queue.remove();
        if (task instanceof Task.Apply apply) {
          queuedBytes -= apply.bytes();
        }
        tasks.add(task);
      }
      drained.signalAll();
      return tasks;
    } finally {
      lock.unlock();
    }
  }

  private void stop() {
    lock.lock();
    try {
      closed = true;
      busy = false;
      queue.forEach(Applier::fail);
      queue.clear();
      queuedBytes = 0;
      drained.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void runTasks(List<Task> tasks) {
    List<Task.Apply> group = new ArrayList<>();
    int next = 0;
    try {
      for (; next < tasks.size(); next++) {
        switch (tasks.get(next)) {
          case Task.Apply apply -> group.add(apply);
          case Task.Skip(var term, var index) -> {
            apply(group);
            replica.skip(term, index);
          }
          case Task.Call call -> {
            apply(group);
            run(call);
          }
          case Task.Checkpoint(var done) -> {
            apply(group);
            runCheckpoint(done);
          }
        }
      }
      apply(group);
    } catch (RuntimeException | Error e) {
      group.forEach(Applier::fail);
      tasks.subList(Math.min(next, tasks.size()), tasks.size()).forEach(Applier::fail);
      throw e;
    }
  }

  /** Applies and answers the group and empties it. */
  private void apply(List<Task.Apply> group) {
    if (group.isEmpty()) {
      return;
    }
    List<Applied> applied = new ArrayList<>(group.size());
    boolean[] stuck = {false};
    while (applied.size() < group.size()) {
      List<Replica.Entry> rest =
          group.subList(applied.size(), group.size()).stream().map(Task.Apply::entry).toList();
      retry(() -> applyRest(rest, applied), stuck);
    }
    if (stuck[0]) {
      faults.stuck(null);
    }
    for (int i = 0; i < group.size(); i++) {
      Task.Apply task = group.get(i);
      task.done().complete(new Applied.Reply(applied.get(i), task.entry().index()));
    }
    group.clear();
  }

  /** Adds the outcomes of what could be applied, also when a later entry met a fault. */
  private void applyRest(List<Replica.Entry> rest, List<Applied> applied) throws IOException {
    List<Applied> outcomes = new ArrayList<>(rest.size());
    try {
      replica.apply(rest, outcomes);
    } finally {
      applied.addAll(outcomes);
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** One try; a fault of this node that left nothing behind is waited out. */
  private void retry(Step step, boolean[] stuck) {
    try {
      step.run();
    } catch (SqliteException.NodeFault e) {
      if (!e.clean() || e.corrupt()) {
        throw new Broken(e);
      }
      waitOut(e.getMessage(), stuck, e);
    } catch (SqliteException | IOException e) {
      waitOut(e.toString(), stuck, e);
    }
  }

  private void waitOut(@Nullable String reason, boolean[] stuck, Exception cause) {
    if (!stuck[0]) {
      log.error("This node cannot apply entries; it tries again until it can: {}", reason, cause);
      faults.stuck("cannot write to the data directory: " + reason);
      stuck[0] = true;
    }
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS);
      while (!closed && !impatient && left > 0) {
        left = stopping.awaitNanos(left);
      }
      if (closed || impatient) {
        throw new Broken(new SqliteException("stopped while " + reason, cause));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Broken(new SqliteException("interrupted", e));
    } finally {
      lock.unlock();
    }
  }

  private void runCheckpoint(CompletableFuture<Long> done) {
    boolean[] stuck = {false};
    while (!done.isDone()) {
      retry(() -> done.complete(replica.checkpoint()), stuck);
    }
    if (stuck[0]) {
      faults.stuck(null);
    }
  }

  private static void run(Task.Call call) {
    try {
      call.done().complete(call.work().call());
    } catch (Exception e) {
      call.done().completeExceptionally(e);
    }
  }

  private static final class Broken extends RuntimeException {
    private final SqliteException reason;

    Broken(SqliteException reason) {
      super(reason);
      this.reason = reason;
    }
  }
}
