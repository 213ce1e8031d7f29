package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.objectstore.ObjectStoreException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestorePointsTests {

  private static final Instant START = Instant.parse("2026-11-29T01:00:00Z");

  /** Two generations, the second of a cluster whose indexes begin anew. */
  private final List<BackupId> ids =
      Stream.of(
              id(1, 2, 10, 0),
              id(1, 2, 20, 10),
              id(1, 3, 30, 20),
              id(2, 1, 5, 40),
              id(2, 1, 25, 50))
          .sorted()
          .toList();

  private static BackupId id(int ordinal, long term, long index, long seconds) {
    return new BackupId(
        ordinal, "abcd1234", term, index, START.plusSeconds(seconds), "0000000" + ordinal, null);
  }

  @ParameterizedTest
  @CsvSource({
    "latest, 2, 25",
    "index:25, 2, 25",
    "index:1000, 2, 25",
    "index:24, 2, 5",
    "index:5, 2, 5",
    "time:2026-11-29T01:00:45Z, 2, 5",
    "time:2026-11-29T02:00:39+01:00, 1, 30",
    "time:2026-11-29T01:00:10Z, 1, 20",
    "time:2026-11-29T01:00:09Z, 1, 10",
    "000001-abcd1234-00000003-00000000001e-20261129T010020Z-00000001, 1, 30"
  })
  void findsTheBackupThatAPointMeans(String point, int ordinal, long index) {
    BackupId found = find(point, ids);

    assertThat(found.ordinal()).isEqualTo(ordinal);
    assertThat(found.changeIndex()).isEqualTo(index);
  }

  private static BackupId find(String point, List<BackupId> ids) {
    return RestorePoints.find(RestorePoint.parse(point), ids, "s3://b/p/", RestorePointsTests::at);
  }

  /** To the fraction, which ids do not tell. */
  private static Instant at(BackupId id) {
    return id.created().plusMillis(id.changeIndex() * 20);
  }

  /** Made at 10.400, 10.500, 20.600 and 40.100. */
  @ParameterizedTest
  @CsvSource({
    "time:2026-11-29T01:00:10Z, 25",
    "time:2026-11-29T01:00:10.499Z, 20",
    "time:2026-11-29T01:00:10.5Z, 25",
    "time:2026-11-29T01:00:20.599Z, 25",
    "time:2026-11-29T01:00:20.600001Z, 30",
    "time:2026-11-29T01:00:40.000Z, 30",
    "time:2026-11-29T01:00:40.0999999Z, 30",
    "time:2026-11-29T02:00:40.100+01:00, 5",
  })
  void comparesATimeWithAFractionExactly(String point, long index) {
    List<BackupId> made =
        Stream.of(id(1, 2, 20, 10), id(1, 2, 25, 10), id(1, 3, 30, 20), id(2, 1, 5, 40)).toList();

    assertThat(find(point, made).changeIndex()).isEqualTo(index);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "time:2026-11-29T01:00:40Z",
        "time:2026-11-29T01:00:40.000Z",
        "time:2026-11-29T01:00:40.250Z"
      })
  void aTimeIsToldAsItIsRead(String point) {
    assertThat(RestorePoint.parse(point)).hasToString(point);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "index:4",
        "time:2026-11-29T00:59:59Z",
        "000001-abcd1234-00000003-00000000001f-20261129T010020Z-00000001"
      })
  void saysWhatThereIsWhenThereIsNone(String point) {
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> find(point, ids))
        .withMessageContaining("s3://b/p/")
        .withMessageContaining(point)
        .withMessageContaining(ids.getFirst().name())
        .withMessageContaining(ids.getLast().name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "newest",
        "index:",
        "index:-1",
        "index:1e3",
        "time:yesterday",
        "time:2026-11-29",
        "000001-abcd1234-00000003-00000000001e-20261129T010020Z",
        "000001-abcd1234-00000003-00000000001e-20261399T010020Z-00000001"
      })
  void refusesWhatIsNoPoint(String point) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RestorePoint.parse(point))
        .withMessageContaining("'" + point + "'")
        .withMessageContaining("index:41415");
  }

  @Test
  void namesRoundTripAndSort() {
    assertThat(ids).isSorted();
    for (BackupId id : ids) {
      assertThat(BackupId.parse(id.fileName())).contains(id);
      assertThat(RestorePoint.parse(id.name())).isEqualTo(new RestorePoint.Id(id.name()));
    }
    BackupId delta = new BackupId(1, "abcd1234", 2, 11, START, "0000000f", "00000001");
    assertThat(BackupId.parse(delta.fileName())).contains(delta);
    assertThat(ids.getFirst().isBaseOf(delta)).isTrue();
    assertThat(delta.isBaseOf(ids.getFirst())).isFalse();
    assertThat(BackupId.shortGeneration("AB-c")).isEqualTo("abc00000");
    assertThat(BackupId.shortGeneration(null)).isEqualTo("00000000");
  }
}
