package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.springframework.util.FileSystemUtils;

/** Entries into a database on disk, as the apply thread hands them over: a group at a time. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ApplyBenchmark {

  private static final byte[] NO_PAYLOAD = {};

  /** How many requests of one row each a group has. */
  @Param({"1", "16", "64"})
  int group;

  private Path folder = Path.of("");
  private SqliteStore store = new SqliteStore();
  private List<SqlEntry> entries = List.of();

  @Setup
  public void open() throws IOException {
    folder = Files.createTempDirectory("liferaft-jmh");
    store = new SqliteStore();
    var _ = store.open(folder);
    var _ =
        store.apply(
            List.of(
                entry(
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, amount INTEGER)",
                    List.of())));
    SqlEntry insert =
        entry(
            "INSERT INTO t(name, amount) VALUES(?, ?)",
            List.of(new SqlParameter(null, "Fiona"), new SqlParameter(null, 20L)));
    entries = new ArrayList<>();
    for (int i = 0; i < group; i++) {
      entries.add(insert);
    }
  }

  private static SqlEntry entry(String sql, List<SqlParameter> parameters) {
    return new SqlEntry(
        List.of(new SqlStatement(sql, parameters)),
        false,
        SqlForm.EXECUTE,
        1_700_000_000_000L,
        42,
        50_000_000,
        true);
  }

  /** The log of SQLite would grow from one iteration to the next. */
  @Setup(Level.Iteration)
  public void checkpoint() {
    boolean _ = store.checkpoint(NO_PAYLOAD);
  }

  @TearDown
  public void close() throws IOException {
    store.close();
    boolean _ = FileSystemUtils.deleteRecursively(folder);
  }

  @Benchmark
  public List<EntryOutcome> apply() {
    return store.apply(entries);
  }
}
