package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatementSplitterTests {

  private static final String TRIGGER =
      "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; SELECT case when 1 then 2 end; END";

  @TempDir Path folder;

  private static List<String> split(String sql) {
    return SqlText.parse(sql).pieces().stream()
        .map(piece -> piece.kind() == StatementKind.BLANK ? "" : piece.sql().strip())
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '^',
      delimiter = '|',
      value = {
        "SELECT 1|1",
        "SELECT 1;|1",
        "SELECT 1; |1",
        "SELECT 1; SELECT 2|2",
        "SELECT ';'; SELECT ''';'|2",
        "SELECT \";\"; SELECT \"\"\";\"|2",
        "SELECT [;]; SELECT `;``;`|2",
        "SELECT 1 -- ; x|1",
        "SELECT 1 /* ; */; SELECT 2 /* ; |2",
        "SELECT 1; -- c|2",
        "SELECT 1;;|2",
        "-- c|1",
        "/**/|1",
        "SELECT $a(;); SELECT $b::c(;)|2",
        "SELECT x';'|1",
        "CREATE TABLE trigger_end(a); SELECT 1|2",
        "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 2|2",
        "create temporary trigger a BEGIN SELECT 1; end; SELECT 2|2",
        "EXPLAIN CREATE TRIGGER a BEGIN SELECT 1; END; SELECT 2|2",
        "EXPLAIN QUERY PLAN SELECT 1; SELECT 2|2",
        "CREATE TRIGGER a BEGIN SELECT end; SELECT 1; END /* ; */ ; SELECT 2|2",
        "SELECT 'never closed; SELECT 2|1",
      })
  void splitsWhereSqliteWould(String sql, int pieces) {
    assertThat(split(sql)).hasSize(pieces);
  }

  @Test
  void nothingYieldsNoPiece() {
    assertThat(split("")).isEmpty();
    assertThat(split(" \n\t")).isEmpty();
    assertThat(split("\uFEFFSELECT 1")).hasSize(1);
    assertThat(split(TRIGGER + ";" + TRIGGER)).containsExactly(TRIGGER + ";", TRIGGER);
  }

  @Test
  void readsAFileAsItWouldSplitItsText() throws IOException {
    StringBuilder text = new StringBuilder("\uFEFF");
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      String statement =
          switch (i % 4) {
            case 0 -> "INSERT INTO t VALUES('" + "ä;'' ".repeat(i % 97) + "')";
            case 1 -> TRIGGER;
            case 2 -> "SELECT /* ; */ " + i;
            default -> "SELECT \"a;b\", [c;d]";
          };
      expected.add(statement + ";");
      text.append(statement).append(i % 5 == 0 ? "; -- ; comment\n" : ";\n");
    }
    text.append("SELECT 'x'").append(" ".repeat(100_000)).append("-- end");
    expected.add("SELECT 'x'");
    Path file = Files.writeString(folder.resolve("dump.sql"), text);

    List<String> read = new ArrayList<>();
    for (SqlStatement statement : SqliteStore.statementsOf(file)) {
      read.add(statement.sql());
    }

    assertThat(read).hasSize(expected.size());
    for (int i = 0; i < read.size() - 1; i++) {
      assertThat(read.get(i)).endsWith(expected.get(i));
    }
    assertThat(read.getLast()).startsWith("SELECT 'x'");
  }

  @Test
  void readsAStatementOfTenMegabytesInLinearTime() throws IOException {
    String big = "INSERT INTO t VALUES('" + "x;".repeat(5_000_000) + "')";
    Path file = Files.writeString(folder.resolve("big.sql"), big + ";SELECT 1");

    List<Integer> lengths = new ArrayList<>();
    SqliteStore.statementsOf(file).forEach(statement -> lengths.add(statement.sql().length()));

    assertThat(lengths).containsExactly(big.length() + 1, 8);
  }

  @Test
  void refusesAStatementThatIsLongerThanAllowedBeforeItIsRead() throws IOException {
    String longest = "SELECT '" + "ä".repeat(100_000) + "'";
    int bytes = longest.getBytes(StandardCharsets.UTF_8).length;
    Path file = Files.writeString(folder.resolve("long.sql"), "SELECT 1; \n" + longest + ";");

    assertThat(read(SqliteStore.statementsOf(file, bytes + 1)))
        .containsExactly("SELECT 1;", longest + ";");
    assertThatExceptionOfType(SqliteException.StatementTooLong.class)
        .isThrownBy(() -> read(SqliteStore.statementsOf(file, bytes)))
        .matches(e -> e.number() == 2 && e.offset() == 11);
    Path endless = Files.writeString(folder.resolve("endless.sql"), "x".repeat(3_000_000));
    CountingInput in = new CountingInput(endless);
    assertThatExceptionOfType(SqliteException.StatementTooLong.class)
        .isThrownBy(() -> new SqlTextFile.Statements(in, 1_000_000).hasNext());
    assertThat(in.read).isLessThan(1_600_000);
    assertThat(in.closed).isTrue();
  }

  @Test
  void blanksBetweenStatementsDoNotCount() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("blanks.sql"), "SELECT 1;" + " \n".repeat(200_000) + "SELECT 2;");

    assertThat(read(SqliteStore.statementsOf(file, 10))).containsExactly("SELECT 1;", "SELECT 2;");
  }

  @Test
  void readsByteOrderMarksAsBlanksWhereverAChunkEnds() throws IOException {
    for (int padding = 65_520; padding < 65_540; padding++) {
      String sql =
          "SELECT '"
              + "x".repeat(padding)
              + "';\uFEFFCREATE TRIGGER a BEGIN SELECT 1; END;SELECT 2";
      Path file = Files.writeString(folder.resolve("marks.sql"), sql);

      assertThat(read(SqliteStore.statementsOf(file))).hasSize(3);
    }
  }

  @Test
  void refusesWhatIsNoUtf8() throws IOException {
    Path file =
        Files.write(folder.resolve("latin1.sql"), new byte[] {'S', '\'', (byte) 0xE4, '\'', ';'});
    Path replaced = Files.writeString(folder.resolve("replaced.sql"), "SELECT '\uFFFD'");

    assertThatExceptionOfType(SqliteException.InvalidText.class)
        .isThrownBy(() -> read(SqliteStore.statementsOf(file)))
        .withMessageContaining("the byte at offset 2 ");
    assertThat(read(SqliteStore.statementsOf(replaced))).containsExactly("SELECT '\uFFFD'");
  }

  private static List<String> read(Iterable<SqlStatement> statements) {
    List<String> read = new ArrayList<>();
    statements.forEach(statement -> read.add(statement.sql()));
    return read;
  }

  /** Knows how much was asked of it. */
  private static final class CountingInput extends FilterInputStream {
    private long read;
    private boolean closed;

    CountingInput(Path file) throws IOException {
      super(Files.newInputStream(file));
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = super.read(into, offset, length);
      read += Math.max(0, n);
      return n;
    }

    @Override
    public void close() throws IOException {
      closed = true;
      super.close();
    }
  }
}
