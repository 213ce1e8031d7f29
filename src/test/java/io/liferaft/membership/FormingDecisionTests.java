package io.liferaft.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FormingDecisionTests {

  private static final Map<String, String> CLUSTER =
      Map.of("n1", "h1:4002", "n2", "h2:4002", "n3", "h3:4002");

  static Stream<Arguments> table() {
    return Stream.of(
        row("all fresh, lowest id", fresh("n1"), fresh("n2"), fresh("n3"), "Found[]"),
        row("all fresh, not the lowest id", fresh("n2"), fresh("n1"), fresh("n3"), "n1 to found"),
        row("one does not answer", fresh("n1"), fresh("n2"), silent("n3"), "waiting for n3 at h3"),
        row("one is still opening", fresh("n1"), fresh("n2"), unknown("n3"), "waiting for n3"),
        row(
            "two disks are gone, the survivor leads nobody",
            fresh("n1"),
            fresh("n2"),
            member("n3", "g", null),
            "n3 has data up to log index 7"),
        row(
            "the survivor is silent about a leader and another one is unreachable",
            fresh("n1"),
            silent("n2"),
            member("n3", "g", null),
            "no leader is known"),
        row(
            "this disk is new, the others live on",
            fresh("n1"),
            member("n2", "g", "h3:4002"),
            member("n3", "g", "h3:4002"),
            "Join[leaderAddress=h3:4002]"),
        row(
            "the founder is there, one member is down",
            fresh("n2"),
            member("n1", "g", "h1:4002"),
            silent("n3"),
            "Join[leaderAddress=h1:4002]"),
        row(
            "two clusters behind one list",
            fresh("n1"),
            member("n2", "g", "h2:4002"),
            member("n3", "other", "h3:4002"),
            "different clusters"),
        row(
            "somebody else sits at the address",
            fresh("n1"),
            answer("n2", "nine", Standing.FRESH, "", null),
            fresh("n3"),
            "says that it is nine"),
        row(
            "this node's own data was set aside",
            answer("n1", "n1", Standing.DETACHED, "", null),
            fresh("n2"),
            fresh("n3"),
            "start the members that were with it"),
        row(
            "this node's data was set aside, the others lead",
            answer("n1", "n1", Standing.DETACHED, "", null),
            member("n2", "g", "h2:4002"),
            fresh("n3"),
            "Join[leaderAddress=h2:4002]"),
        row(
            "another node holds data outside a group",
            fresh("n1"),
            answer("n2", "n2", Standing.DETACHED, "", null),
            fresh("n3"),
            "n2 holds data"),
        row(
            "the founder lost its disk before anybody was admitted",
            fresh("n1"),
            answer("n2", "n2", Standing.JOINING, "gone", null),
            fresh("n3"),
            "Found[]"),
        row("a member is done", member("n1", "g", null), silent("n2"), silent("n3"), "Nothing[]"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void decides(String name, PeerAnswer self, Map<String, PeerAnswer> others, String expected) {
    FormingDecision decision = FormingDecision.decide(self, CLUSTER, others);

    assertThat(decision.toString()).contains(expected);
  }

  private record Other(String expectedId, PeerAnswer answer) {}

  private static Arguments row(
      String name, Object self, Object other, Object another, String expected) {
    Other first = (Other) other;
    Other second = (Other) another;
    return Arguments.of(
        name,
        ((Other) self).answer(),
        Map.of(first.expectedId(), first.answer(), second.expectedId(), second.answer()),
        expected);
  }

  private static Other fresh(String id) {
    return answer(id, id, Standing.FRESH, "", null);
  }

  private static Other unknown(String id) {
    return answer(id, id, Standing.UNKNOWN, "", null);
  }

  private static Other member(String id, String group, @Nullable String leaderAddress) {
    return answer(id, id, Standing.MEMBER, group, leaderAddress);
  }

  private static Other silent(String id) {
    return new Other(id, PeerAnswer.unreachable("h:1", "connection refused"));
  }

  private static Other answer(
      String expectedId,
      String saidId,
      Standing standing,
      String group,
      @Nullable String leaderAddress) {
    boolean member = standing == Standing.MEMBER;
    return new Other(
        expectedId,
        new PeerAnswer(
            saidId,
            "h:1",
            "h:2",
            "1",
            standing,
            group,
            "",
            member ? 7 : -1,
            member,
            false,
            leaderAddress == null ? null : "nx",
            leaderAddress,
            member,
            null));
  }
}
