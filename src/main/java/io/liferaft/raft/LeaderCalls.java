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
 * while. A leader that was only replaced has answered by then. Safe for use by many threads.
 */
final class LeaderCalls {

  private static final String REPLACED = "another node leads now";

  private final PeerRpc rpc;
  private final Set<Call> underWay = ConcurrentHashMap.newKeySet();

  /** Who has led for a while; null when that is not known, or has just changed. */
  private volatile @Nullable String leader;

  private @Nullable String seen;
  private long since;

  private record Call(String address, Context.CancellableContext context) {}

  LeaderCalls(PeerRpc rpc) {
    this.rpc = rpc;
  }

  /**
   * Calls a leader and waits.
   *
   * @throws PeerRpc.UnreachableException when no answer came in time, or before another led
   */
  byte[] call(String address, byte[] request, Duration timeout) {
    Call call = new Call(address, Context.current().withCancellation());
    boolean _ = underWay.add(call); // before the look: who leads from now on finds it
    try {
      if (replaced(address)) {
        throw new PeerRpc.UnreachableException(
            address, REPLACED, false, new IllegalStateException(REPLACED));
      }
      return call.context().call(() -> rpc.call(address, request, timeout));
    } catch (PeerRpc.UnreachableException e) {
      if (call.context().isCancelled()) {
        throw new PeerRpc.UnreachableException(address, REPLACED, e.sent(), e);
      }
      throw e;
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("unexpected failure", e);
    } finally {
      boolean _ = underWay.remove(call);
      boolean _ = call.context().cancel(null);
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
   * Called again and again, by one thread.
   *
   * @param address of the leader; null when none is known
   * @param enough how long one has led until the calls to others end
   */
  void look(@Nullable String address, Duration enough) {
    long now = System.nanoTime();
    if (!Objects.equals(address, seen)) {
      seen = address;
      since = now;
    }
    if (address == null || now - since < enough.toNanos() || address.equals(leader)) {
      return;
    }
    leader = address;
    for (Call call : underWay) {
      if (!call.address().equals(address)) {
        boolean _ = call.context().cancel(null);
      }
    }
  }
}
