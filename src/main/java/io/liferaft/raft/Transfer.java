package io.liferaft.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;

/**
 * Hands leadership on. Ratis refuses at once when an entry comes in between, as the first ones
 * after an election and those of clients do, and when the other loses the vote to this node for
 * such an entry: then it is tried again, for two shortest election time-outs.
 */
final class Transfer {

  /** One attempt. Waits. */
  interface Attempt {
    void run(RaftPeerId target, Duration timeout) throws IOException;
  }

  private static final int PATIENCE = 2;

  private final BooleanSupplier leads;
  private final LeaderSignal signal;
  private final Duration election;

  /**
   * @param leads whether this node does
   * @param election its shortest time-out
   */
  Transfer(BooleanSupplier leads, LeaderSignal signal, Duration election) {
    this.leads = leads;
    this.signal = signal;
    this.election = election;
  }

  /**
   * Tries one after the other.
   *
   * @param anybody whether it is all the same who leads then
   * @return null when leadership has been handed on; else why it has not
   */
  @Nullable IOException to(
      List<RaftPeerId> targets, boolean anybody, Duration timeout, Attempt attempt) {
    long began = System.nanoTime();
    long patience = Math.min(timeout.toNanos(), election.multipliedBy(PATIENCE).toNanos());
    IOException refusal = null;
    do {
      for (RaftPeerId target : targets) {
        Duration left = timeout.minusNanos(System.nanoTime() - began);
        try {
          // Who comes after a silent one has its election, too.
          attempt.run(target, left.compareTo(election) < 0 ? election : left);
          return null;
        } catch (IOException e) {
          refusal = e;
          if (anybody && !leads.getAsBoolean()) {
            return null;
          }
        }
      }
      try {
        signal.await();
      } catch (InterruptedException e) {
        throw LeaderRouter.interrupted();
      }
    } while (leads.getAsBoolean() && System.nanoTime() - began < patience);
    return refusal;
  }
}
