package io.liferaft.membership;

import io.liferaft.raft.GroupMembership.Listed;
import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Offer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a node does next that has put its log aside for a list of members ({@code raft/peers.json});
 * a pure function of what everybody says. The log that reaches furthest of all has every entry that
 * one of them has and that was ever acknowledged; a majority of them would not do, since it need
 * not have a node in common with a majority of the former members.
 */
final class RecoveryDecision {

  private RecoveryDecision() {}

  /**
   * Decides.
   *
   * @param self this node's own answer, with its offer
   * @param answers by node id of everybody else that is listed or left out
   */
  static FormingDecision decide(PeerAnswer self, Listed list, Map<String, PeerAnswer> answers) {
    if (self.standing() == Standing.MEMBER || self.standing() == Standing.UNKNOWN) {
      return new FormingDecision.Nothing();
    }
    for (PeerAnswer other : answers.values()) {
      if (other.standing() == Standing.MEMBER && goesOnForThis(self, other)) {
        return other.leaderAddress() == null
            ? new FormingDecision.Hold(
                "%s goes on as raft/peers.json says: waiting for it to lead".formatted(other.id()))
            : new FormingDecision.Join(other.leaderAddress());
      }
    }
    Offer own = self.offer();
    if (self.standing() == Standing.JOINING || own == null) {
      return new FormingDecision.Hold("waiting for the node that goes on to answer");
    }
    for (Map.Entry<String, String> leftOut : list.leftOut().entrySet()) {
      PeerAnswer other = answers.get(leftOut.getKey());
      if (other != null
          && other.groupId().equals(self.groupId())
          && other.leaderAddress() != null) {
        return new FormingDecision.Hold(
            "%s at %s, which raft/peers.json leaves out, is in cluster group %s and knows a leader: the cluster lives. Stop it for good, or delete peers.json.pending here and start this node again"
                .formatted(other.id(), leftOut.getValue(), self.groupId()));
      }
    }
    for (Map.Entry<String, String> member : new TreeMap<>(list.all()).entrySet()) {
      String id = member.getKey();
      if (!id.equals(self.id())) {
        FormingDecision.Hold obstacle = obstacle(self, own, id, member.getValue(), answers.get(id));
        if (obstacle != null) {
          return obstacle;
        }
      }
    }
    return furthest(self, own, list, answers);
  }

  private static boolean goesOnForThis(PeerAnswer self, PeerAnswer other) {
    return other.formerGroups().contains(self.groupId())
        || (self.standing() == Standing.JOINING && other.groupId().equals(self.groupId()));
  }

  /** Why this node cannot know yet which log counts; null for nothing. */
  private static FormingDecision.@Nullable Hold obstacle(
      PeerAnswer self, Offer own, String id, String address, @Nullable PeerAnswer answer) {
    String who = "%s at %s".formatted(id, address);
    if (answer == null) {
      return new FormingDecision.Hold("waiting for %s of raft/peers.json".formatted(who));
    }
    if (!answer.id().isEmpty() && !answer.id().equals(id)) {
      return new FormingDecision.Hold(
          "the node at %s says that it is %s, but raft/peers.json calls it %s"
              .formatted(address, answer.id(), id));
    }
    Offer offer = answer.offer();
    String reason =
        switch (answer.standing()) {
          case UNREACHABLE, UNKNOWN ->
              answer.problem() == null ? "it is opening" : answer.problem();
          case FRESH ->
              "it has no data. Take it out of the list on every node: it is admitted when the others go on";
          case MEMBER ->
              answer.groupId().equals(self.groupId())
                  ? "it goes on in the former cluster group: stop it, and give it the same raft/peers.json"
                  : "it is in cluster group %s".formatted(answer.groupId());
          case JOINING, DETACHED ->
              offer == null
                  ? "it has no raft/peers.json"
                  : !offer.list().equals(own.list())
                      ? "its raft/peers.json names other members: " + offer.list()
                      : !answer.groupId().equals(self.groupId())
                          ? "its data is of cluster group %s, this node's of %s: only nodes of one cluster can be in one list"
                              .formatted(answer.groupId(), self.groupId())
                          : null;
        };
    return reason == null
        ? null
        : new FormingDecision.Hold("waiting for %s of raft/peers.json: %s".formatted(who, reason));
  }

  private static FormingDecision furthest(
      PeerAnswer self, Offer own, Listed list, Map<String, PeerAnswer> answers) {
    Map<String, Offer> offers = new TreeMap<>(); // of equal ones the lowest id counts
    list.all()
        .keySet()
        .forEach(id -> {
          PeerAnswer answer = answers.get(id);
          Offer offer = id.equals(self.id()) ? own : answer == null ? null : answer.offer();
          if (offer != null) {
            offers.put(id, offer);
          }
        });
    String best = self.id();
    for (Map.Entry<String, Offer> one : offers.entrySet()) {
      Offer before = offers.getOrDefault(best, own);
      int order = one.getValue().compareTo(before);
      boolean better = order == 0 ? prefers(list, one.getKey(), best) : order > 0;
      best = better ? one.getKey() : best;
    }
    if (list.nonVoters().containsKey(best)) {
      return new FormingDecision.Hold(
          "the log of the non-voter %s reaches further than those of the voters in raft/peers.json: name it as a voter"
              .formatted(best));
    }
    return best.equals(self.id())
        ? new FormingDecision.GoOn()
        : new FormingDecision.Hold(
            "the log of %s reaches furthest of those in raft/peers.json: waiting for it to go on"
                .formatted(best));
  }

  /** A voter before a non-voter, then the lower id. */
  private static boolean prefers(Listed list, String id, String before) {
    boolean votes = list.voters().containsKey(id);
    boolean voted = list.voters().containsKey(before);
    return votes == voted ? id.compareTo(before) < 0 : votes;
  }
}
