package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A dump of 100 MB through a heap that could not hold it twice, in and out; then the worst that a
 * client may send to such a heap, and what is refused.
 */
class HeapIT {

  private static final long BYTES = 100_000_000;
  private static final String HEAP = "160m";

  /** Just below a thirty-second of what the JVM makes of {@link #HEAP}. */
  private static final int LONG = 4_900_000;

  @Test
  void aSmallHeapIsEnoughForAnyLengthOfSqlText(@TempDir Path folder) throws Exception {
    try (NodeCluster one = new NodeCluster(folder, 1, List.of("liferaft.backup.target="))) {
      one.node(0).withHeap(HEAP);
      one.startAndAwaitReady();

      loadText(one.node(0), folder.resolve("big.sql"));
      Path dump = folder.resolve("dump.sql");
      assertThat(one.node(0).client().download("/db/backup?fmt=sql", dump)).isEqualTo(200);
      Path vacuumed = folder.resolve("vacuumed.sqlite");
      assertThat(one.node(0).client().download("/db/backup?vacuum", vacuumed)).isEqualTo(200);

      assertThat(Files.size(dump)).isGreaterThan(BYTES * 9 / 10);
      assertThat(Files.size(vacuumed)).isGreaterThan(BYTES * 9 / 10);
      answersManyLargeReadsAtOnce(one.node(0));
      outlivesTheLongestStatements(one.node(0), folder);
      refusesLongerOnes(one.node(0), folder);

      assertThat(one.node(0).alive()).isTrue();
      assertThat(one.node(0).logText()).doesNotContain("OutOfMemory", "Direct buffer memory");
    }
  }

  private static void loadText(LiferaftProcess node, Path file) throws IOException {
    int rows = 0;
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write("CREATE TABLE text (id INTEGER PRIMARY KEY, words TEXT);\n");
      String words = "'" + "word ".repeat(800) + "'";
      for (long written = 0; written < BYTES; written += words.length() + 40) {
        out.write("INSERT INTO text (words) VALUES (" + words + ");\n");
        rows++;
      }
    }
    RqliteClient.Answer loaded = node.client().load(file);
    assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
    assertThat(node.client().query("strong", "SELECT count(*) FROM text"))
        .isEqualTo("[[" + rows + "]]");
  }

  /** Together twenty times what the heap could hold of them: they wait for each other. */
  private static void answersManyLargeReadsAtOnce(LiferaftProcess node) throws Exception {
    List<Integer> lengths = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<RqliteClient.Answer>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(
            clients.submit(
                () -> node.client().get("/db/query?q=SELECT+words+FROM+text+LIMIT+3500")));
      }
      for (Future<RqliteClient.Answer> answer : answers) {
        assertThat(answer.get().status()).as("status of a large read").isEqualTo(200);
        lengths.add(answer.get().body().length());
      }
    }
    assertThat(lengths).hasSize(20).allMatch(length -> length > 14_000_000);
  }

  /** One character beyond Latin-1 makes a text twice as large in memory. */
  private static void outlivesTheLongestStatements(LiferaftProcess node, Path folder)
      throws Exception {
    String literal = "INSERT INTO text (words) /* € */ VALUES (X'" + "41".repeat(LONG / 2) + "')";
    String garbage = "€" + "x".repeat(LONG);

    assertThat(loaded(node, folder, literal).body()).contains("\"rows_affected\":1");
    assertThat(loaded(node, folder, garbage).body()).contains("\"error\":\"SQL logic error");
    assertThat(node.client().post("/db/execute", "[\"" + garbage + "\"]").body())
        .contains("\"error\":\"SQL logic error");
    List<Integer> statuses = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<RqliteClient.Answer>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        answers.add(
            clients.submit(() -> node.client().post("/db/execute", "[\"" + literal + "\"]")));
      }
      for (Future<RqliteClient.Answer> answer : answers) {
        statuses.add(answer.get().status());
      }
    }
    assertThat(statuses).isSubsetOf(200, 503);
    String path = "[\"SELECT json_extract('{}', hex(zeroblob(30000000)))\"]";
    for (String way : List.of("/db/execute", "/db/query?level=none")) {
      assertThat(node.client().post(way, path).body()).contains("bad JSON path", "(cut here)");
    }
  }

  private static void refusesLongerOnes(LiferaftProcess node, Path folder) throws IOException {
    String longer = "x".repeat(LONG + 500_000);

    RqliteClient.Answer text = loaded(node, folder, longer);
    assertThat(text.status()).isEqualTo(413);
    assertThat(text.body()).startsWith("statement 1 of the text, at byte 0, is longer than ");
    RqliteClient.Answer body = node.client().post("/db/execute", "[\"" + longer + "\"]");
    assertThat(body.status()).isEqualTo(413);
    assertThat(body.body()).startsWith("a statement or value is longer than ");
  }

  private static RqliteClient.Answer loaded(LiferaftProcess node, Path folder, String sql)
      throws IOException {
    return node.client().load(Files.writeString(folder.resolve("one.sql"), sql));
  }
}
