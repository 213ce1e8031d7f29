package io.liferaft.api;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.springframework.mock.web.MockHttpServletResponse;

/** An answer of rows into the buffer that the servlet's response is written from. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JsonWriterBenchmark {

  /** How many rows the answer has: the buffer holds all of them. */
  @Param({"1", "1000"})
  int rows;

  private final MockHttpServletResponse response = new MockHttpServletResponse();

  @Benchmark
  public AnswerBuffer rows() throws IOException {
    AnswerBuffer out = new AnswerBuffer(response);
    JsonWriter json = new JsonWriter(out, false);
    json.beginObject().name("values").beginArray();
    for (int row = 0; row < rows; row++) {
      json.beginArray();
      json.number(1_000_000L + row);
      json.string("Fiona <fiona@example.com>");
      json.number(20.5);
      json.nullValue();
      json.endArray();
    }
    json.endArray().endObject();
    return out;
  }
}
