package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records outlive versions: what is on disks must stay readable. */
class StatePayloadTests {

  private static final String FIRST_FIELDS =
      "03016301670709020844495341424c454405010464657374016707026162802004657461670003e80701066e313d683a3100";

  /** As each version wrote them. */
  @ParameterizedTest
  @CsvSource({"01,''", "02,010166", "03,010166010201", "04,01016601020101080364"})
  void readsRecordsOfEarlierVersions(String version, String added) {
    byte[] stored = HexFormat.of().parseHex(version + FIRST_FIELDS + added);

    StatePayload payload = StatePayload.decode(stored);

    int number = Integer.parseInt(version);
    BackupRecord backup = new BackupRecord("dest", "g", 7, "ab", 4096, "etag", null, 3, 1000);
    assertThat(payload)
        .isEqualTo(
            new StatePayload(
                3,
                new ReplicatedState(
                    "c",
                    "g",
                    7,
                    9,
                    new RestoreRecord.Ended(RestoreRecord.Outcome.DISABLED, 5),
                    Map.of("dest", backup),
                    List.of("n1=h:1"),
                    number < 2 ? List.of() : List.of("f"),
                    number < 3 ? ChangesRecord.NONE : new ChangesRecord(true, 2, 1),
                    number < 4 ? null : new WriteHold(8, 3, 100),
                    Map.of()),
                null));
  }

  /** An older version reads it until there is something it could not keep. */
  @Test
  void hasItsFormerFormWithoutVerifiedBackups() {
    byte[] stored = HexFormat.of().parseHex("04" + FIRST_FIELDS + "01016601020101080364");

    assertThat(StatePayload.decode(stored).encode()).isEqualTo(stored);
  }

  @Test
  void keepsWhatDrillsFound() {
    for (Verification one :
        List.of(
            new Verification(drilled("a", true), null),
            new Verification(null, drilled("b", false)),
            new Verification(drilled("a", true), drilled("b", false)))) {
      StatePayload payload = payload(one);

      byte[] encoded = payload.encode();

      assertThat(encoded[0]).isEqualTo((byte) 5);
      assertThat(StatePayload.decode(encoded)).isEqualTo(payload);
    }
  }

  /** An older version would hold the staged bytes against a hash of nothing. */
  @ParameterizedTest
  @CsvSource({"'', 6", "ab, 4"})
  void onlyALoadWithoutAHashOfTheWholeHasANewForm(String sha256, byte version) {
    StatePayload with =
        StatePayload.decode(HexFormat.of().parseHex("04" + FIRST_FIELDS + "01016601020101080364"));
    OpenLoad load =
        new OpenLoad(1, LogCommand.LoadKind.DATABASE, 2, 1L << 33, sha256, 1 << 20, "cd");
    StatePayload payload = new StatePayload(with.term(), with.state(), load);

    byte[] encoded = payload.encode();

    assertThat(encoded[0]).isEqualTo(version);
    assertThat(StatePayload.decode(encoded)).isEqualTo(payload);
  }

  @Test
  void refusesARecordOfANewerVersion() {
    assertThatThrownBy(() -> StatePayload.decode(HexFormat.of().parseHex("07" + FIRST_FIELDS)))
        .hasMessageContaining("format version 7")
        .hasMessageContaining("start a newer version");
  }

  private static VerifiedRecord drilled(String backup, boolean good) {
    return new VerifiedRecord("dest", backup, "g", 7, "ab", 4096, 1000, 12, good, false, "n2");
  }

  private static StatePayload payload(Verification verification) {
    return new StatePayload(
        3,
        new ReplicatedState(
            "c",
            "g",
            7,
            9,
            new RestoreRecord.Undecided(),
            Map.of(),
            List.of("n1=h:1"),
            List.of(),
            ChangesRecord.NONE,
            null,
            Map.of("dest", verification)),
        null);
  }
}
