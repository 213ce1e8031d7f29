package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EntryReadersTests {

  private static final List<NodeStatus.Member> MEMBERS =
      List.of(member("n1"), member("n2"), member("n3"));

  private static NodeStatus.Member member(String id) {
    return new NodeStatus.Member(id, id + ":4002", id + ":4001", true);
  }

  @Test
  void asksEverybodyElse() {
    List<String> asked = new ArrayList<>();

    EntryReaders.require("n2", MEMBERS, member -> asked.add(member.id()));

    assertThat(asked).containsExactly("n1", "n3");
    assertThatCode(() -> EntryReaders.require("n1", List.of(member("n1")), _ -> false))
        .doesNotThrowAnyException();
  }

  /** The older one says that it does not know the entry, or not even the question. */
  @Test
  void anOlderMemberKeepsItOut() {
    assertThatExceptionOfType(RequestRefusedException.class)
        .isThrownBy(() -> EntryReaders.require("n1", MEMBERS, member -> member.id().equals("n2")))
        .withMessageContaining("node n3 runs an older version");
    assertThatExceptionOfType(RequestRefusedException.class)
        .isThrownBy(() ->
            EntryReaders.require(
                "n1",
                MEMBERS,
                _ -> {
                  throw new RequestRefusedException("this node does not know request 15");
                }))
        .withMessageContaining("node n2 runs an older version");
  }
}
