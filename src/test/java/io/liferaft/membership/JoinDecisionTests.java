package io.liferaft.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.PeerAnswer.Standing;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JoinDecisionTests {

  private static final Map<String, String> ALL = Map.of("n1", "h1:1", "n2", "h2:1", "n3", "h3:1");
  private static final Map<String, String> TWO = Map.of("n1", "h1:1", "n2", "h2:1");

  private static PeerAnswer answer(
      String id, Standing standing, @Nullable String leader, Map<String, String> candidates) {
    boolean member = standing == Standing.MEMBER;
    return new PeerAnswer(
        id,
        "h" + id.substring(1) + ":1",
        "",
        "1",
        standing,
        member ? "g" : "",
        List.of(),
        "",
        member ? 7 : -1,
        member,
        false,
        leader == null ? null : "nx",
        leader,
        member || standing == Standing.DETACHED,
        candidates,
        null,
        null);
  }

  private static PeerAnswer fresh(String id, Map<String, String> candidates) {
    return answer(id, Standing.FRESH, null, candidates);
  }

  private static PeerAnswer member(String id, @Nullable String leader) {
    return answer(id, Standing.MEMBER, leader, Map.of());
  }

  private static Arguments row(
      String name, int expect, PeerAnswer self, String said, PeerAnswer... others) {
    return Arguments.of(name, expect, self, List.of(others), said);
  }

  static Stream<Arguments> table() {
    PeerAnswer n1 = fresh("n1", ALL);
    PeerAnswer n2 = fresh("n2", ALL);
    PeerAnswer n3 = fresh("n3", ALL);
    PeerAnswer silent = PeerAnswer.unreachable("h3:1", "connection refused");
    return Stream.of(
        row("a member leads somewhere", 0, n1, "Join[leaderAddress=h2:1]", member("n3", "h2:1")),
        row("expecting others, but there is a cluster", 3, n1, "Join[", member("n2", "h2:1"), n3),
        row("a member that knows no leader", 0, n1, "no leader is known", member("n2", null)),
        row("nobody is in a cluster", 0, n1, "nobody who was asked is in a cluster", n2),
        row("nobody answers", 0, n1, "h3:1 does not answer (connection refused)", silent),
        row("all are there, lowest id", 3, n1, "Found[members=", n2, n3),
        row("all are there, another is lowest", 3, n2, "waiting for n1 to found", n1, n3),
        row("one is missing", 3, n1, "waiting for h3:1: connection refused", n2, silent),
        row("enough, but one address is silent", 2, n1, "waiting for h3:1", n2, silent),
        row("too few", 4, n1, "3 of the 4 nodes", n2, n3),
        row("one has another idea of who is there", 3, n1, "until n2 knows", fresh("n2", TWO), n3),
        row("one does not found", 3, n1, "2 of the 3 nodes", n2, fresh("n3", Map.of())),
        row(
            "one holds data without a cluster",
            3,
            n1,
            "n3 holds data",
            n2,
            answer("n3", Standing.DETACHED, null, Map.of())),
        row(
            "this node holds data",
            3,
            answer("n1", Standing.DETACHED, null, Map.of()),
            "this node holds data",
            n2,
            n3),
        row(
            "one was on its way into a cluster that is gone",
            3,
            n1,
            "Found[members=",
            answer("n2", Standing.JOINING, null, ALL),
            n3),
        row("this node at another of its addresses", 1, n1, "Found[members=", n1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void decides(String name, int expect, PeerAnswer self, List<PeerAnswer> others, String said) {
    Map<String, PeerAnswer> answers =
        others.stream()
            .collect(
                Collectors.toMap(
                    other -> other.id().equals(self.id()) ? "elsewhere:1" : other.raftAddress(),
                    other -> other));
    Map<String, String> candidates = JoinDecision.candidates(self, answers);

    assertThat(JoinDecision.decide(self, expect, candidates, answers).toString()).contains(said);
  }

  @Test
  void candidatesAreThoseThatFoundAndHoldNothing() {
    Map<String, PeerAnswer> answers = new TreeMap<>();
    answers.put("h2:1", fresh("n2", ALL));
    answers.put("h3:1", fresh("n3", Map.of()));
    answers.put("h4:1", member("n4", null));
    answers.put("h5:1", PeerAnswer.unreachable("h5:1", "x"));

    assertThat(JoinDecision.candidates(fresh("n1", ALL), answers)).isEqualTo(TWO);
  }

  @Test
  void readsServiceRecords() {
    assertThat(ContactList.target("10 60 4002 n1.db.svc.cluster.local."))
        .isEqualTo("n1.db.svc.cluster.local:4002");
  }
}
