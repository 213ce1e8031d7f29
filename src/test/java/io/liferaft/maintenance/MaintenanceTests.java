package io.liferaft.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a real database behind a node without a log. */
class MaintenanceTests {

  @AutoClose private final SqliteStore store = new SqliteStore();
  private final TestRaftNode raft = new TestRaftNode();
  private final Maintenance maintenance = new Maintenance(raft);

  @BeforeEach
  void open(@TempDir Path folder) {
    store.open(folder);
    raft.sql = this::run;
    changedAt(7);
  }

  private SqlReply run(SqlRequest request) {
    SqlStatement statement = request.statements().getFirst();
    if (statement.sql().startsWith("SELECT")) {
      return TestRaftNode.reply(
          store.query(List.of(statement), false, Duration.ofSeconds(10)).getFirst());
    }
    SqlResult result = write(statement.sql());
    changedAt(raft.state.changeIndex() + 1);
    return new SqlReply(List.of(result), null, raft.state.changeIndex(), "");
  }

  private SqlResult write(String sql) {
    SqlEntry entry =
        new SqlEntry(
            List.of(SqlStatement.of(sql)), false, SqlForm.EXECUTE, 1, 1, 1_000_000_000, true);
    SqlResult result = store.apply(List.of(entry)).getFirst().results().getFirst();
    assertThat(result).as(sql).isInstanceOf(SqlResult.Write.class);
    return result;
  }

  private void changedAt(long index) {
    raft.state =
        new ReplicatedState(
            "c1",
            "g1",
            index,
            index,
            new RestoreRecord.Ended(RestoreRecord.Outcome.DISABLED, 0),
            Map.of(),
            List.of("n1=127.0.0.1:4002"));
  }

  /** What went into the log. */
  private List<String> written() {
    return raft.asked.stream()
        .map(request -> request.statements().getFirst().sql())
        .filter(sql -> !sql.startsWith("SELECT"))
        .toList();
  }

  private void rows(String table, int count) {
    SqlResult result =
        write(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT %d) INSERT INTO %s SELECT i FROM n"
                .formatted(count, table));
    assertThat(result).isInstanceOf(SqlResult.Write.class);
  }

  @Test
  void vacuumsWhatHasChanged() {
    maintenance.vacuum();
    maintenance.vacuum();
    assertThat(written()).containsExactly("VACUUM");

    changedAt(90);
    maintenance.vacuum();
    assertThat(written()).containsExactly("VACUUM", "VACUUM");
  }

  @Test
  void leavesAloneWhatIsNotItsOwnToTouch() {
    write("CREATE TABLE t (x UNIQUE)");
    rows("t", 5);
    raft.status = TestRaftNode.following();
    both();

    raft.status = TestRaftNode.leading();
    changedAt(0);
    both();

    raft.state = TestRaftNode.state(new RestoreRecord.Undecided());
    both();

    assertThat(raft.asked).isEmpty();
  }

  private void both() {
    maintenance.vacuum();
    maintenance.analyze();
  }

  @Test
  void analyzesTablesWhoseStatisticsAreMissingOrFarOff() {
    write("CREATE TABLE \"a\"\"b'c\" (x UNIQUE)");
    write("CREATE TABLE plain (x)");
    write("CREATE TABLE hollow (x UNIQUE)");
    write("CREATE TABLE partial (x)");
    write("CREATE INDEX p ON partial (x) WHERE x < 0");
    rows("\"a\"\"b'c\"", 20);
    rows("plain", 20);
    rows("partial", 20);

    maintenance.analyze();
    assertThat(written()).containsExactly("ANALYZE main.\"a\"\"b'c\"", "ANALYZE main.\"partial\"");
    assertThat(run(Maintenance.request("SELECT stat FROM sqlite_stat1 WHERE tbl LIKE 'a%'")))
        .extracting(reply -> ((SqlResult.Rows) reply.results().getFirst()).values().getFirst()[0])
        .isEqualTo("20 1");

    maintenance.analyze();
    assertThat(written()).as("all is known").hasSize(2);

    write("CREATE TABLE wide (x, y)");
    write("CREATE INDEX later ON partial (x)");
    rows("hollow", 3);
    maintenance.analyze();
    assertThat(written())
        .endsWith("ANALYZE main.\"hollow\"", "ANALYZE main.\"partial\"")
        .hasSize(4);

    write("INSERT INTO hollow SELECT 100 + x FROM plain UNION SELECT 200 + x FROM plain");
    maintenance.analyze();
    assertThat(written()).last().isEqualTo("ANALYZE main.\"hollow\"");
    assertThat(written()).hasSize(5);

    write("DELETE FROM hollow WHERE x > 3");
    maintenance.analyze();
    assertThat(written()).hasSize(6);
  }

  @Test
  void saysWhatFailed() {
    raft.sql = _ -> TestRaftNode.reply(new SqlResult.Failed("database or disk is full", 0));

    assertThatThrownBy(maintenance::vacuum).hasMessage("database or disk is full");
    raft.sql = this::run;
    maintenance.vacuum();
    assertThat(written()).as("and comes again").containsExactly("VACUUM", "VACUUM");
  }

  @Test
  void takesItsTurnsEvenWhenOneFails() {
    raft.sql =
        _ -> {
          throw new IllegalStateException("no");
        };
    MaintenanceScheduler scheduler =
        new MaintenanceScheduler(
            new MaintenanceProperties(Duration.ofSeconds(1), Duration.ZERO), maintenance);
    scheduler.start();
    try {
      Waiting.await("two turns").until(() -> written().size() >= 2);
    } finally {
      scheduler.stop();
    }
    assertThat(scheduler.isRunning()).isFalse();
  }
}
