package io.liferaft.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.GroupMembership.Listed;
import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Offer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Of three nodes with a list of n1, n2 and the non-voter n3, which leaves n4 out. */
class RecoveryDecisionTests {

  private static final Listed LIST =
      new Listed(
          Map.of("n1", "h1:4002", "n2", "h2:4002"),
          Map.of("n3", "h3:4002"),
          Map.of("n4", "h4:4002"));

  static Stream<Arguments> table() {
    return Stream.of(
        row("equal logs: the lowest id", waits("n1", 3, 9), "GoOn", waits("n2", 3, 9), behind()),
        row("equal logs, not it", waits("n2", 3, 9), "log of n1", waits("n1", 3, 9), behind()),
        row("the longer log", waits("n2", 3, 9), "GoOn", waits("n1", 3, 8), behind()),
        row("a later term, though shorter", waits("n2", 4, 8), "GoOn", waits("n1", 3, 9), behind()),
        row(
            "a voter before a non-voter",
            waits("n1", 3, 9),
            "GoOn",
            waits("n2", 1, 1),
            third(3, 9)),
        row(
            "the non-voter is ahead",
            waits("n1", 3, 9),
            "name it as a voter",
            waits("n2", 3, 9),
            third(3, 10)),
        row("one is silent", waits("n1", 3, 9), "waiting for n2 at h2:4002", behind()),
        row(
            "one is fresh",
            waits("n1", 3, 9),
            "it has no data",
            answer("n2", Standing.FRESH, "", List.of(), null, null),
            behind()),
        row(
            "one has no list",
            waits("n1", 3, 9),
            "it has no raft/peers.json",
            answer("n2", Standing.DETACHED, "g", List.of(), null, null),
            behind()),
        row(
            "another list",
            waits("n1", 3, 9),
            "names other members",
            answer("n2", Standing.DETACHED, "g", List.of(), null, new Offer("n2=h2:4002", 3, 1)),
            behind()),
        row(
            "another cluster's data",
            waits("n1", 3, 9),
            "only nodes of one cluster",
            answer("n2", Standing.DETACHED, "x", List.of(), null, new Offer(LIST.text(), 3, 1)),
            behind()),
        row(
            "one goes on as before",
            waits("n1", 3, 9),
            "goes on in the former cluster group",
            answer("n2", Standing.MEMBER, "g", List.of(), null, null),
            behind()),
        row(
            "one has gone on already",
            waits("n1", 3, 9),
            "Join[leaderAddress=h2:4002]",
            answer("n2", Standing.MEMBER, "new", List.of("g"), "h2:4002", null)),
        row(
            "it does not lead yet",
            waits("n1", 3, 9),
            "waiting for it to lead",
            answer("n2", Standing.MEMBER, "new", List.of("g"), null, null)),
        row(
            "it has not read its own note yet",
            waits("n1", 3, 9),
            "it is in cluster group new",
            answer("n2", Standing.MEMBER, "new", List.of(), null, null),
            behind()),
        row(
            "the cluster lives without them",
            waits("n1", 3, 9),
            "the cluster lives",
            waits("n2", 3, 9),
            behind(),
            answer("n4", Standing.MEMBER, "g", List.of(), "h5:4002", null)),
        row(
            "who is left out runs without a leader",
            waits("n1", 3, 9),
            "GoOn",
            waits("n2", 3, 9),
            behind(),
            answer("n4", Standing.MEMBER, "g", List.of(), null, null)),
        row(
            "somebody else is there",
            waits("n1", 3, 9),
            "calls it n2",
            new PeerAnswer[] {waits("n2", 3, 9)},
            "nine"));
  }

  private static Arguments row(String name, PeerAnswer self, String decision, PeerAnswer... all) {
    return Arguments.of(name, self, decision, byId(all));
  }

  private static Arguments row(
      String name, PeerAnswer self, String decision, PeerAnswer[] all, String saysItIs) {
    PeerAnswer other = answer(saysItIs, Standing.DETACHED, "g", List.of(), null, null);
    return Arguments.of(name, self, decision, Map.of(all[0].id(), other));
  }

  private static Map<String, PeerAnswer> byId(PeerAnswer... all) {
    return Arrays.stream(all).collect(Collectors.toMap(PeerAnswer::id, Function.identity()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void decides(String name, PeerAnswer self, String decision, Map<String, PeerAnswer> answers) {
    assertThat(RecoveryDecision.decide(self, LIST, answers).toString()).contains(decision);
  }

  private static PeerAnswer waits(String id, long term, long index) {
    return answer(id, Standing.DETACHED, "g", List.of(), null, new Offer(LIST.text(), term, index));
  }

  private static PeerAnswer third(long term, long index) {
    return waits("n3", term, index);
  }

  private static PeerAnswer behind() {
    return third(1, 1);
  }

  private static PeerAnswer answer(
      String id,
      Standing standing,
      String group,
      List<String> formerGroups,
      @Nullable String leader,
      @Nullable Offer offer) {
    return new PeerAnswer(
        id,
        "h:1",
        "",
        "1",
        standing,
        group,
        formerGroups,
        "",
        7,
        true,
        false,
        leader == null ? null : "nx",
        leader,
        true,
        Map.of(),
        offer,
        null);
  }
}
