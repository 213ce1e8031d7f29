package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.TransferLeadershipException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How long a refused transfer of leadership is tried again. */
class TransferTests {

  private static final RaftPeerId N2 = RaftPeerId.valueOf("n2~1");
  private static final RaftPeerId N3 = RaftPeerId.valueOf("n3~1");

  private final List<RaftPeerId> asked = new ArrayList<>();
  private boolean leads = true;

  private @Nullable IOException transfer(
      List<RaftPeerId> targets, boolean anybody, Duration election, Transfer.Attempt attempt) {
    return new Transfer(() -> leads, new LeaderSignal(), election)
        .to(
            targets,
            anybody,
            Duration.ofSeconds(30),
            (target, timeout) -> {
              asked.add(target);
              attempt.run(target, timeout);
            });
  }

  private static void refuse() throws IOException {
    throw new TransferLeadershipException("(the current leader is n1~1): DIFFERENT_LEADER");
  }

  @Test
  void whoIsRefusedAtOnceIsAskedAgain() {
    IOException refusal =
        transfer(
            List.of(N2),
            false,
            Duration.ofMinutes(1),
            (_, _) -> {
              if (asked.size() < 3) {
                refuse();
              }
            });

    assertThat(refusal).isNull();
    assertThat(asked).containsExactly(N2, N2, N2);
  }

  @Test
  void notForLongerThanTwoElections() {
    long began = System.nanoTime();

    IOException refusal = transfer(List.of(N2), false, Duration.ofMillis(150), (_, _) -> refuse());

    assertThat(refusal).hasMessageContaining("DIFFERENT_LEADER");
    assertThat(asked).hasSizeGreaterThan(1);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void notWhenThisNodeLeadsNoMore() {
    IOException refusal =
        transfer(
            List.of(N2, N3),
            false,
            Duration.ofMinutes(1),
            (_, _) -> {
              leads = false;
              refuse();
            });

    assertThat(refusal).hasMessageContaining("DIFFERENT_LEADER");
    assertThat(asked).containsExactly(N2, N3);
  }

  @Test
  void whoeverTakesItIsRightWhenNobodyIsNamed() {
    IOException refusal =
        transfer(
            List.of(N2, N3),
            true,
            Duration.ofMinutes(1),
            (_, _) -> {
              leads = false;
              refuse();
            });

    assertThat(refusal).isNull();
    assertThat(asked).containsExactly(N2);
  }
}
