package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * A node hears that the leader's log no longer reaches it, and has applied what that leader does
 * not have, as when other disks were set back. Two lone nodes stand for it: neither log has
 * anything of the other.
 */
@Execution(ExecutionMode.CONCURRENT)
class CopyTakingTests {

  private static final String ROWS = "SELECT group_concat(x) FROM t";

  @TempDir Path folder;

  private final ListAppender<ILoggingEvent> said = new ListAppender<>();

  /** What the leader has in the place of the node's last entry. */
  enum Instead {
    ANOTHER_OF_THE_SAME_TERM,
    ONE_OF_A_LATER_TERM,
    NONE
  }

  @BeforeEach
  void listen() {
    said.list = new CopyOnWriteArrayList<>();
    said.start();
    log().addAppender(said);
  }

  @AfterEach
  void listenNoMore() {
    log().detachAppender(said);
  }

  private static Logger log() {
    return (Logger) LoggerFactory.getLogger(Installer.class);
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsInstalledOverWhatTheLeaderDoesNotHave(Instead instead) {
    try (TestCluster own = TestCluster.serving(folder.resolve("own"), 1);
        TestCluster other = TestCluster.serving(folder.resolve("other"), 1)) {
      TestCluster.Node node = own.node(1);
      TestCluster.Node leader = other.node(1);
      if (instead == Instead.ONE_OF_A_LATER_TERM) {
        leader.crash();
        leader.start();
        other.awaitServing();
      }
      write(node, instead == Instead.NONE ? 30 : 10, "mine");
      write(leader, instead == Instead.NONE ? 10 : 30, "another's");
      TermIndex last = OwnEnd.of(node.local().division().orElseThrow()).orElseThrow().applied();
      assertThat(compare(leader, last)).isEqualTo(instead);

      node.local().behindTheLog(leader.address(), 1);

      String refusal = "the leader at %s does not have log entry".formatted(leader.address());
      Waiting.await("it says why it takes nothing")
          .failFast(
              "it took the copy of " + leader.address(),
              () -> sentences().contains("from " + leader.address()))
          .until(this::sentences, all -> all.contains(refusal));
      assertThat(node.raft().tally().of(Tally.Event.INSTALL)).isZero();
      assertThat(node.folder().resolve("install.sqlite")).doesNotExist();
      assertThat(node.local(ROWS)).doesNotContain("another's");
      write(node, 1, "later");
      assertThat(node.local(ROWS)).startsWith("mine").endsWith("later");
    }
  }

  private static void write(TestCluster.Node node, int rows, String value) {
    node.execute("CREATE TABLE IF NOT EXISTS t(x)");
    for (int i = 0; i < rows; i++) {
      node.execute("INSERT INTO t VALUES('%s')".formatted(value.replace("'", "''")));
    }
  }

  private static Instead compare(TestCluster.Node leader, TermIndex last) {
    TermIndex found =
        leader.local().division().orElseThrow().getRaftLog().getTermIndex(last.getIndex());
    if (found == null) {
      return Instead.NONE;
    }
    return found.getTerm() == last.getTerm()
        ? Instead.ANOTHER_OF_THE_SAME_TERM
        : Instead.ONE_OF_A_LATER_TERM;
  }

  private String sentences() {
    return String.join("\n", said.list.stream().map(ILoggingEvent::getFormattedMessage).toList());
  }
}
