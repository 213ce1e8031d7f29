package io.liferaft.maintenance;

import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReadLevel;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One turn of VACUUM or ANALYZE, when this node leads and there is something to do. One thread. */
final class Maintenance {

  private static final Logger log = LoggerFactory.getLogger(Maintenance.class);

  /** Every node copies the whole database meanwhile. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  /** Statistics that are so many times off are made again, as PRAGMA optimize has it. */
  private static final long OFF = 10;

  private static final String INDEXED_TABLES =
      "SELECT name FROM pragma_table_list AS t WHERE schema='main' AND type='table'"
          + " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
          + " AND EXISTS (SELECT 1 FROM pragma_index_list(t.name)) ORDER BY name";

  private final RaftNode raft;
  private long vacuumed;

  Maintenance(RaftNode raft) {
    this.raft = raft;
  }

  /** Nothing when the database has not changed since the last one. */
  void vacuum() {
    if (!mayWrite() || raft.state().changeIndex() == vacuumed) {
      return;
    }
    long start = System.nanoTime();
    vacuumed = execute("VACUUM");
    log.info("VACUUM took {} ms", Duration.ofNanos(System.nanoTime() - start).toMillis());
  }

  /** Each table that needs it by itself, so that writes get in between. */
  void analyze() {
    if (!mayWrite()) {
      return;
    }
    boolean any = number("SELECT count(*) FROM sqlite_schema WHERE name='sqlite_stat1'") > 0;
    for (@Nullable Object[] row : rows(INDEXED_TABLES)) {
      String table = String.valueOf(row[0]);
      if (needsStatistics(table, any)) {
        long _ = execute("ANALYZE main." + quoted(table, '"'));
        log.info("ANALYZE has made statistics of table {}", table);
      }
    }
  }

  private boolean needsStatistics(String table, boolean any) {
    long rows = number("SELECT count(*) FROM main." + quoted(table, '"'));
    if (rows == 0 || !any) {
      return rows > 0;
    }
    String name = quoted(table, '\'');
    // A partial index may hold nothing and then has no statistics, however often they are made.
    long missing =
        number(
            "SELECT count(*) FROM pragma_index_list(%1$s) WHERE origin<>'pk' AND partial=0 AND name NOT IN (SELECT idx FROM sqlite_stat1 WHERE tbl=%1$s AND idx NOT NULL)"
                .formatted(name));
    long known = number("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl=" + name);
    return missing > 0 || rows > known * OFF || rows * OFF < known;
  }

  private boolean mayWrite() {
    NodeStatus status = raft.status();
    return status.phase() == NodeStatus.Phase.RUNNING
        && status.leads()
        && raft.state().restore() instanceof RestoreRecord.Ended
        && raft.state().changeIndex() > 0;
  }

  private long number(String sql) {
    List<@Nullable Object[]> rows = rows(sql);
    return !rows.isEmpty() && rows.getFirst()[0] instanceof Long number ? number : 0;
  }

  private List<@Nullable Object[]> rows(String sql) {
    return one(raft.query(request(sql))) instanceof SqlResult.Rows rows ? rows.values() : List.of();
  }

  /** Index of the entry. */
  private long execute(String sql) {
    SqlReply reply = raft.execute(request(sql));
    SqlResult _ = one(reply);
    return reply.raftIndex();
  }

  private static SqlResult one(SqlReply reply) {
    if (reply.error() != null) {
      throw new IllegalStateException(reply.error());
    }
    SqlResult result = reply.results().getFirst();
    if (result instanceof SqlResult.Failed(String message, long _)) {
      throw new IllegalStateException(message);
    }
    return result;
  }

  static SqlRequest request(String sql) {
    return new SqlRequest(
        List.of(SqlStatement.of(sql)),
        SqlForm.EXECUTE,
        false,
        ReadLevel.WEAK,
        null,
        false,
        TIMEOUT,
        TIMEOUT,
        TIMEOUT);
  }

  private static String quoted(String name, char quote) {
    return quote + name.replace("" + quote, "" + quote + quote) + quote;
  }
}
