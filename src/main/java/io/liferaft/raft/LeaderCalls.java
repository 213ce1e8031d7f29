package io.liferaft.raft;

import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.thirdparty.io.grpc.Context;
import org.jspecify.annotations.Nullable;

/**
 * Calls of what only a leader can answer. One that is paused, or whose machine has lost its
 * network, would keep them until their time is over; so they end when another node has led for a
 * while and that one does not answer the simplest question either. A leader that was only replaced,
 * or is about to stop, answers what it has taken. Safe for use by many threads.
 */
final class LeaderCalls {

  private static final String REPLACED = "another node leads now";

  /** Whether a node answers at all; waits for that. */
  interface Probe {
    boolean answers(String address, Duration timeout);
  }

  private final PeerRpc rpc;
  private final Probe probe;
  private final Set<Call> underWay = ConcurrentHashMap.newKeySet();
  private final Set<String> probed = ConcurrentHashMap.newKeySet();

  /** Who has led for a while; null when that is not known, or has just changed. */
  private volatile @Nullable String leader;

  private @Nullable String seen;
  private long since;

  private record Call(String address, Context.CancellableContext context) {}

  LeaderCalls(PeerRpc rpc, Probe probe) {
    this.rpc = rpc;
    this.probe = probe;
  }

  /**
   * Calls a leader and waits.
   *
   * @throws PeerRpc.UnreachableException when no answer came in time, or it was given up
   */
  byte[] call(String address, byte[] request, Duration timeout) {
    Call call = new Call(address, Context.current().withCancellation());
    boolean _ = underWay.add(call); // before the look: who leads from now on finds it
    Context before = call.context().attach();
    try {
      if (replaced(address)) {
        throw new PeerRpc.UnreachableException(address, REPLACED, false, null);
      }
      return rpc.call(address, request, timeout);
    } catch (PeerRpc.UnreachableException e) {
      if (call.context().isCancelled()) {
        throw new PeerRpc.UnreachableException(address, REPLACED, e.sent(), e);
      }
      throw e;
    } finally {
      boolean _ = underWay.remove(call);
      call.context().detachAndCancel(before, null);
    }
  }

  private boolean replaced(String address) {
    String now = leader;
    return now != null && !now.equals(address);
  }

  /** The leader has changed, or is not known any more: any node may lead. */
  void changed() {
    leader = null;
  }

  /**
   * Called again and again, by one thread; does not wait.
   *
   * @param address of the leader; null when none is known
   * @param enough how long one has led until calls to others are looked at, and how long those have
   *     for an answer to the probe
   */
  void look(@Nullable String address, Duration enough) {
    long now = System.nanoTime();
    if (!Objects.equals(address, seen)) {
      seen = address;
      since = now;
      changed();
    }
    if (address == null || now - since < enough.toNanos()) {
      return;
    }
    leader = address;
    underWay.stream()
        .map(Call::address)
        .filter(asked -> !asked.equals(address) && probed.add(asked))
        .forEach(asked -> {
          Thread _ =
              Thread.ofVirtual().name("raft-probe").start(() -> endUnlessAnswers(asked, enough));
        });
  }

  private void endUnlessAnswers(String address, Duration limit) {
    try {
      if (!probe.answers(address, limit) && replaced(address)) {
        underWay.stream()
            .filter(call -> call.address().equals(address))
            .forEach(call -> {
              boolean _ = call.context().cancel(null);
            });
      }
    } finally {
      boolean _ = probed.remove(address);
    }
  }
}
