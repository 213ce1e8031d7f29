package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dump of 100 MB through a heap that could not hold it twice, in and out. */
class HeapIT {

  private static final long BYTES = 100_000_000;
  private static final String HEAP = "160m";

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
}
