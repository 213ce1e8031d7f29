package io.liferaft.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.List;
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
        row("all fresh, lowest id", fresh("n1"), fresh("n2"), fresh("n3"), "Found[members="),
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
            answer("n1", "n1", Standing.DETACHED, "g", null),
            member("n2", "g", "h2:4002"),
            fresh("n3"),
            "Join[leaderAddress=h2:4002]"),
        row(
            "this node moved, and the others have been recovered without it meanwhile",
            answer("n1", "n1", Standing.DETACHED, "g", null),
            member("n2", "recovered", "h2:4002"),
            fresh("n3"),
            "this node's data is of cluster group g, the cluster is group recovered"),
        row(
            "nobody knows of what group this node's data is",
            answer("n1", "n1", Standing.DETACHED, "", null),
            member("n2", "g", "h2:4002"),
            member("n3", "g", "h2:4002"),
            "of an unknown cluster group"),
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
            "Found[members="),
        row("a member is done", member("n1", "g", null), silent("n2"), silent("n3"), "Nothing[]"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void decides(String name, PeerAnswer self, Map<String, PeerAnswer> others, String expected) {
    FormingDecision decision = FormingDecision.decide(self, CLUSTER, others);

    assertThat(decision.toString()).contains(expected);
  }

  static Stream<Arguments> starts() {
    return Stream.of(
        start("nobody is there", silent("n2"), silent("n3"), "Nothing[]"),
        start("all lost their disks", fresh("n2"), fresh("n3"), "Nothing[]"),
        start("an election is to come", member("n2", "g", null), silent("n3"), "Nothing[]"),
        start(
            "one was recovered without this node",
            recovered("n2", "r", "g"),
            member("n3", "g", null),
            "StandAside[reason=n2 goes on in cluster group r"),
        start(
            "this node was recovered by mistake",
            member("n2", "other", "h2:4002"),
            silent("n3"),
            "StandAside[reason=n2 is in cluster group other, which has a leader"),
        start(
            "this node was recovered, a disk of before turns up and has not noticed yet",
            member("n2", "other", null),
            fresh("n3"),
            "Hold[reason=n2 has data of cluster group other"),
        start(
            "this node was recovered, a disk of before stands aside",
            unknown("n2"),
            fresh("n3"),
            "Nothing[]"),
        start(
            "two were recovered apart and start together",
            recovered("n2", "other", "before"),
            silent("n3"),
            "Hold[reason=n2 has data of cluster group other"),
        start(
            "a stray node has a cluster of its own, but this one is not alone",
            member("n2", "other", "h2:4002"),
            member("n3", "g", null),
            "Nothing[]"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("starts")
  void decidesAtTheStartOfAMember(String name, Map<String, PeerAnswer> others, String expected) {
    FormingDecision decision = FormingDecision.atStart(member("n1", "g", null).answer(), others);

    assertThat(decision.toString()).contains(expected);
  }

  static Stream<Arguments> lostQuorums() {
    Other data = member("n1", "g", null);
    Other none = withoutData("n1", "g");
    return Stream.of(
        lost("an election is under way", data, member("n2", "g", null), silent("n3"), "Nothing[]"),
        lost(
            "two disks of three are lost",
            data,
            fresh("n2"),
            fresh("n3"),
            "up to log index 7, but the quorum is lost: n2 has an empty disk, n3 has an empty disk."),
        lost(
            "what to do",
            data,
            fresh("n2"),
            silent("n3"),
            "n3 does not answer. Nothing is restored over this data. Start the missing members with their disks; only if those are lost for good, stop this node and run: liferaftd recover /data"),
        lost(
            "one was recovered while this one had been started already",
            data,
            silent("n2"),
            recovered("n3", "r", "g"),
            "StandAside[reason=n3 goes on in cluster group r"),
        lost("nobody wrote before the founder was lost", none, fresh("n2"), fresh("n3"), "Anew"),
        lost(
            "nor was anybody else in",
            none,
            fresh("n2"),
            answer("n3", "n3", Standing.JOINING, "g", null),
            "Anew"),
        lost("one is away and may hold data", none, fresh("n2"), silent("n3"), "Hold["),
        lost("one is opening and may hold data", none, fresh("n2"), unknown("n3"), "Hold["),
        lost("one holds data", none, fresh("n2"), member("n3", "h", null), "Hold["),
        lost(
            "one had data set aside",
            none,
            fresh("n2"),
            answer("n3", "n3", Standing.DETACHED, "g", null),
            "Hold["));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lostQuorums")
  void decidesWithoutALeader(
      String name, PeerAnswer self, Map<String, PeerAnswer> others, String expected) {
    FormingDecision decision = FormingDecision.leaderless(self, CLUSTER, others, "/data");

    assertThat(decision.toString()).contains(expected);
  }

  private static Arguments start(String name, Object other, Object another, String expected) {
    Other first = (Other) other;
    Other second = (Other) another;
    return Arguments.of(
        name,
        Map.of(first.expectedId(), first.answer(), second.expectedId(), second.answer()),
        expected);
  }

  private static Arguments lost(
      String name, Object self, Object other, Object another, String expected) {
    return row(name, self, other, another, expected);
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

  private static Other withoutData(String id, String group) {
    return answer(id, id, Standing.MEMBER, group, List.of(), null, false);
  }

  private static Other recovered(String id, String group, String former) {
    return answer(id, id, Standing.MEMBER, group, List.of(former), null, true);
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
    return answer(expectedId, saidId, standing, group, List.of(), leaderAddress, member);
  }

  private static Other answer(
      String expectedId,
      String saidId,
      Standing standing,
      String group,
      List<String> formerGroups,
      @Nullable String leaderAddress,
      boolean hasData) {
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
            formerGroups,
            "",
            member ? 7 : -1,
            member,
            false,
            leaderAddress == null ? null : "nx",
            leaderAddress,
            hasData,
            Map.of(),
            null,
            null));
  }
}
