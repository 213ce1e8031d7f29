package io.liferaft.membership;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What a node without a cluster does next; a pure function of what everybody says. */
sealed interface FormingDecision {

  /** Nothing: this node is a member, or still opening. */
  record Nothing() implements FormingDecision {}

  /** Found a cluster: everybody is fresh and this node's id is the lowest. */
  record Found() implements FormingDecision {}

  /** Ask the leader there for admission. */
  record Join(String leaderAddress) implements FormingDecision {}

  /** Ask again later; the reason is for operators. */
  record Hold(String reason) implements FormingDecision {}

  /**
   * Decides.
   *
   * @param self this node's own answer
   * @param initialCluster Raft address by node id, this node included
   * @param others answers by node id of every other member
   */
  static FormingDecision decide(
      PeerAnswer self, Map<String, String> initialCluster, Map<String, PeerAnswer> others) {
    if (self.standing() == Standing.MEMBER || self.standing() == Standing.UNKNOWN) {
      return new Nothing();
    }
    for (Map.Entry<String, PeerAnswer> other : others.entrySet()) {
      String said = other.getValue().id();
      if (!said.isEmpty() && !said.equals(other.getKey())) {
        return new Hold(
            "the node at %s says that it is %s, but liferaft.raft.initial-cluster calls it %s"
                .formatted(initialCluster.get(other.getKey()), said, other.getKey()));
      }
    }
    List<PeerAnswer> members =
        others.values().stream().filter(answer -> answer.standing() == Standing.MEMBER).toList();
    return members.isEmpty() ? withoutMembers(self, initialCluster, others) : withMembers(members);
  }

  private static FormingDecision withMembers(List<PeerAnswer> members) {
    if (members.stream().map(PeerAnswer::groupId).distinct().count() > 1) {
      return new Hold(
          "%s are in different clusters: check liferaft.raft.initial-cluster, one of them may have lost its peers' data"
              .formatted(ids(members)));
    }
    return members.stream()
        .map(PeerAnswer::leaderAddress)
        .filter(Objects::nonNull)
        .findFirst()
        .<FormingDecision>map(Join::new)
        .orElseGet(() -> new Hold(withoutLeader(members)));
  }

  private static String withoutLeader(List<PeerAnswer> members) {
    if (members.stream().noneMatch(PeerAnswer::hasData)) {
      return "waiting for %s to lead the cluster".formatted(ids(members));
    }
    String data =
        members.stream()
            .map(member ->
                "%s has data up to log index %d".formatted(member.id(), member.lastIndex()))
            .collect(Collectors.joining(", "));
    return data
        + ", but no leader is known: the quorum is lost or an election is under way. Nothing is restored over this data; start the other members with their disks";
  }

  private static FormingDecision withoutMembers(
      PeerAnswer self, Map<String, String> initialCluster, Map<String, PeerAnswer> others) {
    for (Map.Entry<String, PeerAnswer> other : others.entrySet()) {
      PeerAnswer answer = other.getValue();
      switch (answer.standing()) {
        case UNREACHABLE, UNKNOWN -> {
          return new Hold(
              "waiting for %s at %s: %s"
                  .formatted(
                      other.getKey(),
                      initialCluster.get(other.getKey()),
                      answer.problem() == null ? "opening" : answer.problem()));
        }
        case DETACHED -> {
          return new Hold(
              "%s holds data but is in no cluster: start the members that were with it"
                  .formatted(other.getKey()));
        }
        case FRESH, JOINING, MEMBER -> {}
      }
    }
    if (self.standing() == Standing.DETACHED) {
      return new Hold(
          "this node holds data, or gave it up, and no other member has any: start the members that were with it");
    }
    String lowest = new TreeSet<>(initialCluster.keySet()).first();
    return lowest.equals(self.id())
        ? new Found()
        : new Hold("all members are fresh: waiting for %s to found the cluster".formatted(lowest));
  }

  private static String ids(Collection<PeerAnswer> answers) {
    return answers.stream().map(PeerAnswer::id).collect(Collectors.joining(", "));
  }
}
