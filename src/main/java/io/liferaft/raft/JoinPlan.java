package io.liferaft.raft;

import java.time.Duration;
import java.util.List;

/**
 * How a node without a cluster finds one that is not written down in a list of members: rqlite's
 * {@code -join}, {@code -bootstrap-expect} and {@code -disco-mode}. Without effect on a member.
 *
 * @param contacts where to ask
 * @param attempts rounds of asking until a node that expects nobody gives up; at least 1
 * @param interval time between them
 * @param expect how many nodes found a cluster together; 0 when this node only ever enters one
 * @param expectTimeout until when that must have come about
 * @param nonVoter whether this node takes part without a vote
 */
public record JoinPlan(
    Contacts contacts,
    int attempts,
    Duration interval,
    int expect,
    Duration expectTimeout,
    boolean nonVoter) {

  /** Where a node asks for a cluster. */
  public sealed interface Contacts {
    /** Nowhere: it has a list of members, or is alone. */
    record None() implements Contacts {}

    /** Raft addresses, host:port. */
    record Addresses(List<String> addresses) implements Contacts {
      public Addresses {
        addresses = List.copyOf(addresses);
      }
    }

    /** Whatever addresses (A, AAAA) a name has, with this port. */
    record DnsName(String name, int port) implements Contacts {}

    /** The targets of {@code _service._tcp.name}. */
    record DnsService(String name, String service) implements Contacts {}
  }

  /** The plan of a node that has a list of members or is alone. */
  static final JoinPlan NONE =
      new JoinPlan(new Contacts.None(), 5, Duration.ofSeconds(3), 0, Duration.ofMinutes(2), false);

  /** Whether there is anybody to ask. */
  public boolean joins() {
    return !(contacts instanceof Contacts.None);
  }
}
