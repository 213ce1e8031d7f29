package io.liferaft.membership;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a node without a cluster does next; a pure function of what everybody says. */
sealed interface FormingDecision {

  /** Nothing: this node is a member, or still opening. */
  record Nothing() implements FormingDecision {}

  /**
   * Found a cluster: everybody is fresh and this node's id is the lowest.
   *
   * @param members Raft address by node id, this node included
   */
  record Found(Map<String, String> members) implements FormingDecision {}

  /** Ask the leader there for admission. */
  record Join(String leaderAddress) implements FormingDecision {}

  /** Ask again later; the reason is for operators. */
  record Hold(String reason) implements FormingDecision {}

  /** Leave the service: the others go on without this node's data. */
  record StandAside(String reason) implements FormingDecision {}

  /** Go on with this node's log, for the nodes of a list that were with it. */
  record GoOn() implements FormingDecision {}

  /** Give up a group that has lost its quorum before anybody wrote to it, and begin again. */
  record StartAnew() implements FormingDecision {}

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
    List<PeerAnswer> members = members(others);
    return members.isEmpty()
        ? withoutMembers(self, initialCluster, others)
        : withMembers(self, members);
  }

  /**
   * Decides for a member that has just started, when everybody has been asked once: whether its
   * group is the one that counts.
   */
  static FormingDecision atStart(PeerAnswer self, Map<String, PeerAnswer> others) {
    List<PeerAnswer> members = members(others);
    FormingDecision aside = givenUp(self, members);
    if (aside != null) {
      return aside;
    }
    boolean alone = members.stream().noneMatch(other -> other.groupId().equals(self.groupId()));
    for (PeerAnswer other : members) {
      if (alone && !other.groupId().equals(self.groupId()) && other.leaderAddress() != null) {
        return new StandAside(
            "%s is in cluster group %s, which has a leader; what this disk holds is of group %s up to log index %d. If the other group is the right one, move this data directory away and start this node with an empty one to have it admitted; if not, stop the others and start this node again"
                .formatted(other.id(), other.groupId(), self.groupId(), self.lastIndex()));
      }
    }
    for (PeerAnswer other : members) {
      if (alone && !other.groupId().equals(self.groupId())) {
        // Both would serve if both took the other's silence about a leader for consent.
        return new Hold(
            "%s has data of cluster group %s, this node of group %s: waiting until %s stands aside or its group has a leader. If that lasts, stop the one whose data does not count"
                .formatted(other.id(), other.groupId(), self.groupId(), other.id()));
      }
    }
    return new Nothing();
  }

  /** When another one goes on in a group for which this node's group was given up. */
  private static @Nullable StandAside givenUp(PeerAnswer self, List<PeerAnswer> members) {
    return members.stream()
        .filter(other -> other.formerGroups().contains(self.groupId()))
        .findFirst()
        .map(other ->
            new StandAside(
                "%s goes on in cluster group %s, for which this node's group %s was given up by `liferaftd recover`: what this disk holds is of before. Move the data directory away and start this node with an empty one to have it admitted"
                    .formatted(other.id(), other.groupId(), self.groupId())))
        .orElse(null);
  }

  /**
   * Decides for a member that has known no leader for longer than an election takes.
   *
   * @param dataDir of this node
   */
  static FormingDecision leaderless(
      PeerAnswer self,
      Map<String, String> initialCluster,
      Map<String, PeerAnswer> others,
      String dataDir) {
    List<PeerAnswer> members = members(others);
    long together =
        1 + members.stream().filter(other -> other.groupId().equals(self.groupId())).count();
    if (together > initialCluster.size() / 2) {
      return new Nothing(); // enough for an election
    }
    FormingDecision aside = givenUp(self, members);
    if (aside != null) {
      return aside; // it was not there yet when this node started
    }
    boolean nothingAnywhere =
        !self.hasData()
            && others.values().stream().allMatch(FormingDecision::certainlyWithoutData)
            && others.values().stream().anyMatch(other -> other.standing() == Standing.FRESH);
    if (nothingAnywhere) {
      return new StartAnew();
    }
    String missing =
        others.entrySet().stream()
            .filter(other -> !other.getValue().groupId().equals(self.groupId()))
            .map(other -> other.getKey() + " " + state(other.getValue()))
            .sorted()
            .collect(Collectors.joining(", "));
    return new Hold(
        "this node has data up to log index %d, but the quorum is lost: %s. Nothing is restored over this data. Start the missing members with their disks; only if those are lost for good, stop this node and run: liferaftd recover %s"
            .formatted(self.lastIndex(), missing, dataDir));
  }

  private static String state(PeerAnswer other) {
    return switch (other.standing()) {
      case FRESH -> "has an empty disk";
      case DETACHED -> "is in no cluster";
      case JOINING -> "was not a member yet";
      case MEMBER -> "is in another cluster group";
      case UNKNOWN -> other.problem() == null ? "is opening" : "says: " + other.problem();
      case UNREACHABLE ->
          other.problem() != null && other.problem().contains("TLS")
              ? "does not answer: " + other.problem()
              : "does not answer";
    };
  }

  private static boolean certainlyWithoutData(PeerAnswer other) {
    return switch (other.standing()) {
      case FRESH, JOINING, MEMBER -> !other.hasData() && other.leaderAddress() == null;
      case DETACHED, UNKNOWN, UNREACHABLE -> false;
    };
  }

  static List<PeerAnswer> members(Map<String, PeerAnswer> others) {
    return others.values().stream().filter(other -> other.standing() == Standing.MEMBER).toList();
  }

  static FormingDecision withMembers(PeerAnswer self, List<PeerAnswer> members) {
    if (members.stream().map(PeerAnswer::groupId).distinct().count() > 1) {
      return new Hold(
          "%s are in different clusters: check who is asked here, one of them may have lost its peers' data"
              .formatted(ids(members)));
    }
    String group = members.getFirst().groupId();
    if (self.standing() == Standing.DETACHED && !self.groupId().equals(group)) {
      return new Hold(
          "this node's data is of %s, the cluster is group %s: move the data directory away, it may hold what the cluster lacks, and start this node with an empty one to have it admitted"
              .formatted(
                  self.groupId().isEmpty()
                      ? "an unknown cluster group"
                      : "cluster group " + self.groupId(),
                  group));
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
    String best =
        members.stream()
            .max(Comparator.comparingLong(PeerAnswer::lastIndex))
            .map(PeerAnswer::id)
            .orElse("");
    return data
        + ", but no leader is known: the quorum is lost or an election is under way. Nothing is restored over this data; start the other members with their disks. Only if those are lost for good, stop %s and run `liferaftd recover` on its data directory: this node is then admitted by itself"
            .formatted(best);
  }

  private static FormingDecision withoutMembers(
      PeerAnswer self, Map<String, String> initialCluster, Map<String, PeerAnswer> others) {
    for (Map.Entry<String, PeerAnswer> other : others.entrySet()) {
      String id = other.getKey();
      Hold obstacle =
          obstacle("%s at %s".formatted(id, initialCluster.get(id)), id, other.getValue());
      if (obstacle != null) {
        return obstacle;
      }
    }
    if (self.standing() == Standing.DETACHED) {
      return new Hold(
          "this node holds data, or gave it up, and no other member has any: start the members that were with it");
    }
    String lowest = new TreeSet<>(initialCluster.keySet()).first();
    return lowest.equals(self.id())
        ? new Found(initialCluster)
        : new Hold("all members are fresh: waiting for %s to found the cluster".formatted(lowest));
  }

  /**
   * Why nothing may be founded beside a node that is in no cluster; null for nothing.
   *
   * @param who it is, to whom it is waited for
   */
  static @Nullable Hold obstacle(String who, String id, PeerAnswer answer) {
    return switch (answer.standing()) {
      case UNREACHABLE, UNKNOWN ->
          new Hold(
              "waiting for %s: %s"
                  .formatted(who, answer.problem() == null ? "opening" : answer.problem()));
      case DETACHED ->
          new Hold(
              "%s holds data but is in no cluster: start the members that were with it"
                  .formatted(id));
      case FRESH, JOINING, MEMBER -> null;
    };
  }

  private static String ids(Collection<PeerAnswer> answers) {
    return answers.stream().map(PeerAnswer::id).collect(Collectors.joining(", "));
  }
}
