package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogCommandCodecTests {

  private static final BackupRecord BACKUP =
      new BackupRecord("dest", "gen", 42, "ab", 4096, "etag", null, 3, 1_700_000_000_000L);

  static Stream<LogCommand> commands() {
    LogCommand.Execute plain =
        new LogCommand.Execute(
            List.of(SqlStatement.of("SELECT 1")), SqlForm.EXECUTE, false, 5, Long.MIN_VALUE, 7);
    LogCommand.Execute full =
        new LogCommand.Execute(
            List.of(
                new SqlStatement(
                    "INSERT INTO ü VALUES(?,?,:n,?)",
                    List.of(
                        new SqlParameter(null, 1L),
                        new SqlParameter(null, -0.5),
                        new SqlParameter("n", "τext"),
                        new SqlParameter(null, null)))),
            SqlForm.REQUEST,
            true,
            Long.MAX_VALUE,
            -1,
            1);
    return Stream.of(
        plain,
        full,
        new LogCommand.Batch(List.of(plain, full)),
        new LogCommand.ClusterFounded("c", "g", List.of("n1=h:1", "n2=h:2"), false),
        new LogCommand.ClusterFounded("c", "g", List.of("n1=h:1"), true),
        new LogCommand.ClusterRecovered("group", "g2", List.of()),
        new LogCommand.ClusterRecovered("group", "g2", List.of("n1=h1:4002", "n2=h2:4002")),
        new LogCommand.LoadBegin(-9, LogCommand.LoadKind.TEXT, 4, 1L << 40, "aa", true),
        new LogCommand.LoadBegin(-9, LogCommand.LoadKind.DATABASE, 4, 1L << 40, "", false),
        new LogCommand.LoadCommit(1, "chain", 2, 3, 4, "cluster", BACKUP),
        new LogCommand.LoadCommit(1, "chain", 2, 3, 4, null, null),
        new LogCommand.LoadAbort(7),
        new LogCommand.RestoreBegun("s3://b/k"),
        new LogCommand.RestoreEnded(RestoreRecord.Outcome.NOTHING_THERE, 9),
        new LogCommand.BackupRecorded(BACKUP),
        new LogCommand.BackupVerified(
            new VerifiedRecord(
                "dest", "id", "gen", 42, "ab", 4096, 1_700_000_000_000L, 212, true, false, "n2")),
        new LogCommand.BackupVerified(
            new VerifiedRecord("dest", "", "", 0, "", -1, 1L << 41, 1, false, true, "ü")),
        new LogCommand.CopyPoint("dest", Long.MIN_VALUE),
        new LogCommand.WritesHeld(1L << 41),
        new LogCommand.WritesReleased(9));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void decodesWhatItEncoded(LogCommand command) {
    LogCommand decoded = LogCommandCodec.decode(LogCommandCodec.encode(command));

    assertThat(decoded).isEqualTo(command);
  }

  /** A cluster without foreign keys can still be read by the version before them. */
  @Test
  void foundingWithoutForeignKeysHasItsOldForm() {
    byte[] encoded =
        LogCommandCodec.encode(new LogCommand.ClusterFounded("c", "g", List.of("n1=h:1"), false));

    assertThat(encoded)
        .isEqualTo(
            new WireWriter()
                .int32(1)
                .int32(1)
                .string("c")
                .string("g")
                .strings(List.of("n1=h:1"))
                .toByteArray());
  }

  /** With the hash of the whole it is what older versions read. */
  @ParameterizedTest
  @CsvSource({"aa, 4", "'', 21"})
  void onlyALoadWithoutAHashHasANewForm(String sha256, int type) {
    byte[] encoded =
        LogCommandCodec.encode(
            new LogCommand.LoadBegin(1, LogCommand.LoadKind.DATABASE, 2, 3, sha256, true));

    assertThat(encoded).startsWith(new WireWriter().int32(1).int32(type).toByteArray());
    assertThat(LogCommandCodec.knows(type)).isTrue();
    assertThat(LogCommandCodec.knows(22)).isFalse();
  }

  /** Deflated ones have the form that older versions read. */
  @ParameterizedTest
  @CsvSource({"DEFLATE, 5", "ZSTD, 19"})
  void keepsBytes(Packing packing, int type) {
    byte[] bytes = {0, -1, 5};

    byte[] encoded =
        LogCommandCodec.encode(new LogCommand.LoadChunk(1, 2L << 33, 3, packing, bytes));

    assertThat(encoded).startsWith(new WireWriter().int32(1).int32(type).toByteArray());
    assertThat(LogCommandCodec.decode(encoded))
        .isInstanceOfSatisfying(
            LogCommand.LoadChunk.class,
            chunk -> {
              assertThat(chunk.packed()).isEqualTo(bytes);
              assertThat(chunk.packing()).isEqualTo(packing);
              assertThat(chunk.offset()).isEqualTo(2L << 33);
            });
  }

  @Test
  void encodesWithABodyAsWithout() {
    LogCommand.Execute one =
        new LogCommand.Execute(
            List.of(SqlStatement.of("SELECT 1")), SqlForm.REQUEST, true, 5, -6, 7);
    byte[] body = LogCommandCodec.body(one.form(), one.transaction(), one.statements());

    assertThat(LogCommandCodec.encode(List.of(one), List.of(body)))
        .isEqualTo(LogCommandCodec.encode(one));
    assertThat(LogCommandCodec.encode(List.of(one, one), List.of(body, body)))
        .isEqualTo(LogCommandCodec.encode(new LogCommand.Batch(List.of(one, one))));
  }

  /** As protobuf itself would write them, whatever stands where a string is cut. */
  @ParameterizedTest
  @ValueSource(ints = {0, 16_383, 16_384, 16_385, 32_767, 40_000})
  void writesLongStringsInPiecesAsInOne(int before) throws IOException {
    for (String odd :
        List.of("", "ä", "€", "\uD83D\uDE00", "\uD83D", "\uDE00", "\uD83D\uD83D\uDE00")) {
      String text = "x".repeat(before) + odd.repeat(3) + "y".repeat(20_000);
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      CodedOutputStream protobuf = CodedOutputStream.newInstance(expected);
      protobuf.writeStringNoTag(text);
      protobuf.flush();

      assertThat(new WireWriter().string(text).toByteArray()).isEqualTo(expected.toByteArray());
    }
  }

  @Test
  void givesABodyUpThatIsLongerThanAllowed() {
    List<SqlStatement> statements = List.of(SqlStatement.of("x".repeat(100_000)));
    byte[] body = LogCommandCodec.body(SqlForm.EXECUTE, false, statements);

    assertThat(LogCommandCodec.body(SqlForm.EXECUTE, false, statements, body.length))
        .hasValue(body);
    assertThat(LogCommandCodec.body(SqlForm.EXECUTE, false, statements, body.length - 1)).isEmpty();
  }

  @Test
  void refusesAnEntryOfANewerVersion() {
    byte[] encoded = LogCommandCodec.encode(new LogCommand.LoadAbort(1));
    encoded[0] = 9;

    assertThatThrownBy(() -> LogCommandCodec.decode(encoded))
        .hasMessageContaining("format version 9")
        .hasMessageContaining("start a newer version");
  }

  /** Entries written by version 1, kept for ever: what is on disks must stay readable. */
  @Test
  void readsEntriesOfVersionOne() {
    byte[] stored = HexFormat.of().parseHex("010806733333312f6b");

    LogCommand decoded = LogCommandCodec.decode(stored);

    assertThat(decoded).isEqualTo(new LogCommand.RestoreBegun("s331/k"));
  }
}
