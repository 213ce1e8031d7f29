package io.liferaft.raft;

import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlStatement;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A log entry of one request: the part that the HTTP thread makes, the whole, and back. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LogCommandCodecBenchmark {

  /** How many rows the request inserts. */
  @Param({"1", "100"})
  int rows;

  private List<SqlStatement> statements = List.of();
  private List<LogCommand.Execute> requests = List.of();
  private List<byte[]> bodies = List.of();
  private byte[] entry = {};

  @Setup
  public void make() {
    SqlStatement statement =
        new SqlStatement(
            "INSERT INTO t(name, amount) VALUES(?, ?)",
            List.of(new SqlParameter(null, "Fiona"), new SqlParameter(null, 20L)));
    statements = Collections.nCopies(rows, statement);
    requests =
        List.of(
            new LogCommand.Execute(
                statements, SqlForm.EXECUTE, false, 1_700_000_000_000L, 42, 50_000_000));
    bodies = List.of(body());
    entry = entry();
  }

  @Benchmark
  public byte[] body() {
    return LogCommandCodec.body(SqlForm.EXECUTE, false, statements);
  }

  @Benchmark
  public byte[] entry() {
    return LogCommandCodec.encode(requests, bodies);
  }

  @Benchmark
  public LogCommand decode() {
    return LogCommandCodec.decode(entry);
  }
}
