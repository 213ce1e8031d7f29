package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.Tally.Call;
import io.liferaft.raft.Tally.Event;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.support.GeneratedDatabase;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.SAME_THREAD)
class TallyTests {

  @TempDir Path folder;

  @Test
  void countsALeaderOnceUntilAnotherOneIsKnown() {
    Tally tally = new Tally();
    for (String leader : new String[] {"n1", "n1", "n2", "n2"}) {
      tally.leader(leader);
    }
    tally.leader(null);
    tally.leader(null);

    assertThat(tally.of(Event.LEADER_CHANGE)).isEqualTo(3);
  }

  @Test
  void onlyTheFirstOpeningIsTheStart() {
    Tally fresh = new Tally();
    fresh.opened(false);
    fresh.opened(true);
    Tally old = new Tally();
    old.opened(true);
    old.opened(true);

    assertThat(fresh.of(Event.START_REUSED)).isZero();
    assertThat(old.of(Event.START_REUSED)).isEqualTo(1);
  }

  @Test
  void countsWhatIsPassedOnToTheLeaderWhereItCameFrom() throws Exception {
    try (TestCluster cluster = TestCluster.serving(folder, 3)) {
      TestCluster.Node leader = cluster.awaitLeader();
      TestCluster.Node follower = cluster.follower();
      follower.execute("CREATE TABLE t(x)");
      String _ = follower.read(ReadLevel.WEAK, "SELECT 1");
      String _ = follower.read(ReadLevel.NONE, "SELECT 1");
      SqlReply read =
          follower.raft().request(TestCluster.request(ReadLevel.WEAK, false, "SELECT 1"));
      assertThat(read.results().getFirst()).isInstanceOf(SqlResult.Rows.class);
      follower.raft().copy(false, TestCluster.TIMEOUT).close();
      follower.raft().copy(true, TestCluster.TIMEOUT).close();
      Path file = folder.resolve("load.sqlite");
      GeneratedDatabase.write(file, 1, 1);
      long _ = follower.raft().loadDatabase(file, TestCluster.TIMEOUT);

      Tally passedOn = follower.raft().tally();
      for (Call call :
          new Call[] {Call.EXECUTION, Call.QUERY, Call.REQUEST, Call.BACKUP, Call.LOAD}) {
        assertThat(passedOn.forwarded(call, true)).as(call.tag()).isEqualTo(1);
        assertThat(leader.raft().tally().forwarded(call, true)).as(call.tag()).isZero();
      }
      assertThat(passedOn.of(Event.COPY)).isEqualTo(1);
      assertThat(passedOn.of(Event.LOAD)).isEqualTo(1);
      assertThat(passedOn.of(Event.LEADER_CHANGE)).isPositive();
      assertThat(passedOn.of(Event.START_REUSED)).isZero();

      follower.raft().removeNode("nobody", TestCluster.TIMEOUT);
      assertThat(passedOn.forwarded(Call.REMOVAL, true)).isEqualTo(1);

      follower.raft().transferLeadership(follower.id(), TestCluster.TIMEOUT);
      assertThat(passedOn.forwarded(Call.STEPDOWN, true)).isEqualTo(1);

      cluster.assertEqualContents();
      leader.stop();
      leader.start();
      cluster.assertEqualContents();
      assertThat(leader.raft().tally().of(Event.START_REUSED)).isEqualTo(1);
      assertThat(leader.raft().tally().of(Event.INSTALL)).isZero();
    }
  }
}
