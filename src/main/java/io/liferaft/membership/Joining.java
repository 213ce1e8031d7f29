package io.liferaft.membership;

import io.liferaft.raft.GroupMembership;
import io.liferaft.raft.JoinPlan;
import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a cluster at addresses whose nodes this one does not know; counts how long that has
 * been in vain. One thread.
 */
final class Joining {

  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration SOON = Duration.ofMillis(300);

  private final GroupMembership membership;
  private final JoinPlan plan;
  private final Set<String> notHttp = new HashSet<>();
  private final long begin = System.nanoTime();
  private final Set<String> heard = new HashSet<>();
  private int rounds;

  Joining(GroupMembership membership) {
    this.membership = membership;
    this.plan = membership.plan();
  }

  /**
   * Asks everybody once, and decides.
   *
   * @throws IllegalStateException when there is nobody to ask, saying why
   */
  FormingDecision look(PeerAnswer self) {
    boolean founds =
        plan.expect() > 0
            && (self.standing() == Standing.FRESH || self.standing() == Standing.JOINING)
            && !self.hasData();
    Map<String, PeerAnswer> answers =
        Questions.ask(
            addresses(self),
            address -> founds ? membership.introduce(address, ASK) : membership.ask(address, ASK));
    heard.clear();
    answers.values().forEach(answer -> heard.addAll(answer.candidates().values()));
    Map<String, String> candidates = founds ? JoinDecision.candidates(self, answers) : Map.of();
    membership.candidates(candidates);
    return JoinDecision.decide(self, plan.expect(), candidates, answers);
  }

  /** Whom to ask: those of the settings, those who have asked here, those that others know. */
  private Map<String, String> addresses(PeerAnswer self) {
    Set<String> addresses = new TreeSet<>(ContactList.of(plan.contacts()));
    addresses.addAll(membership.introduced().values());
    addresses.addAll(membership.members().values());
    addresses.addAll(heard);
    addresses.remove(self.raftAddress());
    return addresses.stream().collect(Collectors.toMap(address -> address, address -> address));
  }

  /** A step has brought this node on. */
  void cameOn() {
    rounds = 0;
  }

  /**
   * A look was in vain.
   *
   * @return why to give up; null to go on
   */
  @Nullable String inVain(PeerAnswer self, String reason) throws InterruptedException {
    if (self.standing() != Standing.FRESH) {
      return null; // what it holds may be needed: it waits, and says so
    }
    String mistaken = mistaken();
    if (mistaken != null) {
      return mistaken;
    }
    if (plan.expect() > 0) {
      long waited = System.nanoTime() - begin;
      return waited > plan.expectTimeout().toNanos()
          ? "no cluster came together within %s (liferaft.raft.bootstrap-expect-timeout): %s"
              .formatted(text(plan.expectTimeout()), reason)
          : null;
    }
    rounds++;
    return rounds >= plan.attempts()
        ? "failed to join cluster in %d attempts: %s".formatted(rounds, reason)
        : null;
  }

  private @Nullable String mistaken() throws InterruptedException {
    if (!(plan.contacts() instanceof JoinPlan.Contacts.Addresses(var addresses))) {
      return null;
    }
    for (String address : addresses) {
      if (notHttp.add(address) && HttpProbe.speaksHttp(address)) {
        return "join address %s appears to be serving HTTP when it should be Raft"
            .formatted(address);
      }
    }
    return null;
  }

  private static String text(Duration duration) {
    return duration.toSeconds() + "s";
  }

  /** From one look in vain to the next. */
  Duration pause() {
    return plan.expect() > 0 ? SOON : plan.interval();
  }
}
