package io.liferaft.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Clients' writes on their way to a leader: one that finds none under way goes at once, on its own
 * thread, those that come while a call is under way travel together in the next. Two at a time
 * would gather less and cost more. Each has its own answer. Safe for use by many threads.
 */
final class GatheredCalls {

  private static final int MAX_REQUESTS = 512;
  private static final int MAX_BYTES = 1024 * 1024;

  /** A node that does not know such calls is asked again after this: it may have been replaced. */
  private static final long OLD_NANOS = Duration.ofMinutes(1).toNanos();

  /** One call and its answer. */
  interface Wire {
    byte[] call(String address, byte[] request, Duration timeout);
  }

  /**
   * @param request as it would be sent alone
   */
  private record Waiting(byte[] request, long deadline, CompletableFuture<byte[]> answer) {}

  private final Wire wire;
  private final Map<String, Line> lines = new ConcurrentHashMap<>();

  GatheredCalls(Wire wire) {
    this.wire = wire;
  }

  /**
   * Sends a request, which must be an {@link PeerMessages#APPEND} with a short answer, and waits.
   *
   * @throws PeerRpc.UnreachableException when no answer came in time
   */
  byte[] call(String address, byte[] request, Duration timeout) {
    return lines.computeIfAbsent(address, Line::new).call(request, timeout);
  }

  /** How many have not been sent yet. */
  int waiting(String address) {
    Line line = lines.get(address);
    return line == null ? 0 : line.waiting();
  }

  /** What goes to one node. */
  private final class Line {
    private final String address;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Waiting> queue = new ArrayDeque<>();
    private boolean underWay;
    private boolean old;
    private long oldUntil;

    Line(String address) {
      this.address = address;
    }

    int waiting() {
      lock.lock();
      try {
        return queue.size();
      } finally {
        lock.unlock();
      }
    }

    byte[] call(byte[] request, Duration timeout) {
      Waiting waiting =
          new Waiting(
              request, System.nanoTime() + timeout.toNanos(), new CompletableFuture<byte[]>());
      boolean older;
      boolean waits;
      lock.lock();
      try {
        older = old && System.nanoTime() - oldUntil < 0;
        waits = !older && underWay;
        if (waits) {
          queue.add(waiting);
        } else if (!older) {
          underWay = true;
        }
      } finally {
        lock.unlock();
      }
      if (waits) {
        return await(waiting, timeout);
      }
      try {
        return wire.call(address, request, timeout);
      } finally {
        if (!older) {
          ended();
        }
      }
    }

    /** A call that went alone: its place is for those who wait. */
    private void ended() {
      lock.lock();
      try {
        underWay = !queue.isEmpty();
        if (underWay) {
          start(this::run);
        }
      } finally {
        lock.unlock();
      }
    }

    private void run() {
      for (List<Waiting> next = take(); !next.isEmpty(); next = take()) {
        send(next);
      }
    }

    /** What waits; empty when nobody does, and then nothing is under way. */
    private List<Waiting> take() {
      lock.lock();
      try {
        List<Waiting> taken =
            WriteBatcher.take(queue, MAX_REQUESTS, MAX_BYTES, waiting -> waiting.request().length);
        underWay = !taken.isEmpty();
        return taken;
      } finally {
        lock.unlock();
      }
    }

    private void send(List<Waiting> waiting) {
      try {
        if (waiting.size() == 1) {
          alone(waiting.getFirst());
        } else {
          together(waiting);
        }
      } catch (RequestRefusedException e) {
        grewOld();
        waiting.forEach(each -> start(() -> aloneOrFailed(each)));
      } catch (RuntimeException | Error e) {
        waiting.forEach(each -> each.answer().completeExceptionally(e));
      }
    }

    private void alone(Waiting waiting) {
      waiting.answer().complete(wire.call(address, waiting.request(), left(waiting.deadline())));
    }

    private void aloneOrFailed(Waiting waiting) {
      try {
        alone(waiting);
      } catch (RuntimeException | Error e) {
        waiting.answer().completeExceptionally(e);
      }
    }

    private void together(List<Waiting> waiting) {
      long deadline = waiting.getFirst().deadline();
      WireWriter out = new WireWriter().int32(PeerMessages.APPEND_TOGETHER).int32(waiting.size());
      for (Waiting each : waiting) {
        out.bytes(each.request());
        deadline = each.deadline() - deadline > 0 ? each.deadline() : deadline;
      }
      try {
        WireReader in = new WireReader(wire.call(address, out.toByteArray(), left(deadline)));
        PeerMessages.check(in);
        for (Waiting each : waiting) {
          each.answer().complete(in.bytes());
        }
      } catch (IOException e) {
        throw new UncheckedIOException("an answer between nodes cannot be read", e);
      }
    }

    private void grewOld() {
      lock.lock();
      try {
        old = true;
        oldUntil = System.nanoTime() + OLD_NANOS;
      } finally {
        lock.unlock();
      }
    }

    private byte[] await(Waiting waiting, Duration timeout) {
      try {
        return waiting.answer().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        throw new PeerRpc.UnreachableException(
            address, "no answer in time", !withdrawn(waiting), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PeerRpc.UnreachableException(address, "interrupted", !withdrawn(waiting), e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException runtime) {
          throw runtime;
        }
        throw new IllegalStateException("unexpected failure", e.getCause());
      }
    }

    /** Whether it had not been sent, and will not be. */
    private boolean withdrawn(Waiting waiting) {
      lock.lock();
      try {
        return queue.remove(waiting);
      } finally {
        lock.unlock();
      }
    }
  }

  private static void start(Runnable work) {
    Thread _ = Thread.ofVirtual().name("raft-forward").start(work);
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
  }
}
