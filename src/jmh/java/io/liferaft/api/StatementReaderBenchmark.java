package io.liferaft.api;

import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/** The statements of a request's body. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StatementReaderBenchmark {

  private static final StatementReader.Memory UNCOUNTED = _ -> {};

  /** How many statements the body has. */
  @Param({"1", "100"})
  int statements;

  private final StatementReader reader = new StatementReader(1 << 28);
  private byte[] texts = {};
  private byte[] parameterized = {};

  @Setup
  public void make() {
    texts = body("\"INSERT INTO t(name, amount) VALUES('Fiona', 20)\"");
    parameterized = body("[\"INSERT INTO t(name, amount) VALUES(?, ?)\", \"Fiona\", 20]");
  }

  private byte[] body(String statement) {
    String list = String.join(",", Collections.nCopies(statements, statement));
    return ("[" + list + "]").getBytes(StandardCharsets.UTF_8);
  }

  @Benchmark
  public List<SqlStatement> texts() throws IOException {
    return reader.read(new ByteArrayInputStream(texts), UNCOUNTED);
  }

  @Benchmark
  public List<SqlStatement> parameterized() throws IOException {
    return reader.read(new ByteArrayInputStream(parameterized), UNCOUNTED);
  }
}
