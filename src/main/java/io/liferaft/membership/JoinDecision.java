package io.liferaft.membership;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a node does next that has no list of members, but addresses to ask; a pure function of what
 * is said there. As with a list, a cluster is founded only when everybody has answered, nobody
 * holds data, and all have the same idea of who is there.
 */
final class JoinDecision {

  private JoinDecision() {}

  /**
   * Decides.
   *
   * @param expect how many nodes found a cluster; 0 for none
   * @param candidates with whom this node would found, see {@link #candidates}
   * @param answers by address
   */
  static FormingDecision decide(
      PeerAnswer self,
      int expect,
      Map<String, String> candidates,
      Map<String, PeerAnswer> answers) {
    if (self.standing() == Standing.MEMBER || self.standing() == Standing.UNKNOWN) {
      return new FormingDecision.Nothing();
    }
    Map<String, PeerAnswer> others = others(self, answers);
    if (others.values().stream().anyMatch(one -> one.standing() == Standing.MEMBER)) {
      return FormingDecision.withMembers(self, FormingDecision.members(others));
    }
    if (self.standing() == Standing.DETACHED) {
      return new FormingDecision.Hold(
          "this node holds data, or gave it up, and nobody who was asked is in a cluster (%s): start the members that were with it"
              .formatted(states(answers)));
    }
    if (expect == 0) {
      return new FormingDecision.Hold("nobody who was asked is in a cluster: " + states(answers));
    }
    return founding(self, expect, candidates, others);
  }

  private static FormingDecision founding(
      PeerAnswer self, int expect, Map<String, String> candidates, Map<String, PeerAnswer> others) {
    for (Map.Entry<String, PeerAnswer> other : others.entrySet()) {
      FormingDecision.Hold obstacle =
          FormingDecision.obstacle(other.getKey(), other.getValue().id(), other.getValue());
      if (obstacle != null) {
        return obstacle;
      }
    }
    if (candidates.size() < expect) {
      return new FormingDecision.Hold(
          "%d of the %d nodes that liferaft.raft.bootstrap-expect wants are there: %s"
              .formatted(candidates.size(), expect, String.join(", ", candidates.keySet())));
    }
    for (PeerAnswer other : others.values()) {
      if (candidates.containsKey(other.id()) && !other.candidates().equals(candidates)) {
        return new FormingDecision.Hold("waiting until %s knows the others".formatted(other.id()));
      }
    }
    String lowest = new TreeMap<>(candidates).firstKey();
    return lowest.equals(self.id())
        ? new FormingDecision.Found(candidates)
        : new FormingDecision.Hold("waiting for %s to found the cluster".formatted(lowest));
  }

  /**
   * With whom a node would found a cluster, itself included: address by id of everybody that
   * answers, would found one too, and holds nothing.
   */
  static Map<String, String> candidates(PeerAnswer self, Map<String, PeerAnswer> answers) {
    Map<String, String> candidates = new TreeMap<>();
    candidates.put(self.id(), self.raftAddress());
    others(self, answers)
        .values()
        .forEach(other -> {
          boolean without =
              other.standing() == Standing.FRESH || other.standing() == Standing.JOINING;
          if (without && other.candidates().containsKey(other.id())) {
            candidates.put(other.id(), other.raftAddress());
          }
        });
    return candidates;
  }

  /** Without this node's own answer, which it gives at each of its addresses. */
  private static Map<String, PeerAnswer> others(PeerAnswer self, Map<String, PeerAnswer> answers) {
    Map<String, PeerAnswer> others = new TreeMap<>(answers);
    others
        .values()
        .removeIf(answer ->
            answer.id().equals(self.id()) && answer.raftAddress().equals(self.raftAddress()));
    return others;
  }

  private static String states(Map<String, PeerAnswer> answers) {
    return new TreeMap<>(answers)
        .entrySet().stream()
            .map(one -> one.getKey() + " " + state(one.getValue()))
            .collect(Collectors.joining(", "));
  }

  private static String state(PeerAnswer answer) {
    return switch (answer.standing()) {
      case UNREACHABLE -> "does not answer (" + answer.problem() + ")";
      case UNKNOWN -> answer.problem() == null ? "is opening" : "says: " + answer.problem();
      case FRESH -> "has an empty disk";
      case JOINING -> "is on its way into one";
      case DETACHED -> "has lost its cluster";
      case MEMBER -> "is a member";
    };
  }
}
