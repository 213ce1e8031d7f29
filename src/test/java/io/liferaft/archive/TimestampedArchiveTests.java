package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.ComponentScan;

class TimestampedArchiveTests {

  private static final PutCondition ABSENT = new PutCondition.IfAbsent();
  private static final Instant NOON = Instant.parse("2026-11-24T12:00:00.9Z");
  private static final String AT_NOON = "20261124120000_db.sqlite.gz";

  @TempDir Path folder;
  private @Nullable BackupArchives archives;

  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Beans {}

  @BeforeEach
  void open() {
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context -> archives = context.getBean(BackupArchives.class));
  }

  private BackupArchive archive(boolean timestamped) {
    return Objects.requireNonNull(archives)
        .open("file:" + folder + "/db.sqlite.gz", true, true, timestamped);
  }

  private static StoredBackup write(
      BackupArchive archive, String content, Instant created, PutCondition condition)
      throws Exception {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    BackupManifest manifest =
        new BackupManifest(
            "c", "g", 1, 2, sha256, bytes.length, false, List.of(), null, null, created);
    return archive.write(manifest, condition, new Bytes(bytes));
  }

  private String read(StoredBackup backup) throws IOException {
    Path into = folder.resolve("into");
    String _ = archive(true).fetch(backup, into, _ -> {});
    return Files.readString(into);
  }

  private List<String> objects() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".gz"))
          .sorted()
          .toList();
    }
  }

  @Test
  void eachBackupIsAnObjectOfItsOwnAndTheNewestCounts() throws Exception {
    BackupArchive archive = archive(true);
    assertThat(archive.latest()).isEmpty();
    StoredBackup first = write(archive, "one", NOON, ABSENT);
    assertThat(first.key()).isEqualTo(AT_NOON);
    PutCondition onFirst = new PutCondition.IfMatch(first.etag());

    StoredBackup second = write(archive, "two", NOON.plusSeconds(61), onFirst);

    assertThat(objects()).containsExactly(AT_NOON, "20261124120101_db.sqlite.gz");
    for (BackupArchive any : List.of(archive, archive(true))) {
      assertThat(any.latest()).contains(second);
      assertThat(any.toRestore()).contains(second);
    }
    assertThat(read(second)).isEqualTo("two");
    assertThat(read(first)).isEqualTo("one");
    assertThat(archive.preserve(first)).isEqualTo(first.key());
    assertThat(objects()).hasSize(2);
  }

  @Test
  void aClockThatIsBehindMakesNoOlderName() throws Exception {
    BackupArchive ahead = archive(true);
    StoredBackup first = write(ahead, "one", NOON, ABSENT);
    BackupArchive behind = archive(true);

    StoredBackup second =
        write(behind, "two", NOON.minusSeconds(600), new PutCondition.IfMatch(first.etag()));

    assertThat(second.key()).isEqualTo("20261124120001_db.sqlite.gz");
    assertThat(ahead.latest()).contains(second);
  }

  @Test
  void writesNothingWhenTheNewestIsAnotherOneThanExpected() throws Exception {
    BackupArchive archive = archive(true);
    StoredBackup first = write(archive, "one", NOON, ABSENT);
    StoredBackup _ =
        write(archive(true), "two", NOON.plusSeconds(5), new PutCondition.IfMatch(first.etag()));

    for (PutCondition condition : List.of(ABSENT, new PutCondition.IfMatch(first.etag()))) {
      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> write(archive, "three", NOON.plusSeconds(9), condition))
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PRECONDITION_FAILED));
    }
    assertThat(objects()).hasSize(2);
  }

  @Test
  void knowsTheOneBefore() throws Exception {
    BackupArchive archive = archive(true);
    StoredBackup first = write(archive, "one", NOON, ABSENT);
    StoredBackup second =
        write(archive, "two", NOON.plusSeconds(5), new PutCondition.IfMatch(first.etag()));
    StoredBackup third =
        write(archive, "three", NOON.plusSeconds(9), new PutCondition.IfMatch(second.etag()));

    for (BackupArchive any : List.of(archive, archive(false))) {
      assertThat(any.before(third)).contains(second);
      assertThat(any.before(second)).contains(first);
      assertThat(any.before(first)).isEmpty();
    }
    Path file = folder.resolve(third.key());
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 20));
    StoredBackup cut = archive(true).toRestore().orElseThrow();
    assertThatExceptionOfType(CorruptBackupException.class).isThrownBy(() -> read(cut));
    assertThat(archive(true).before(cut)).contains(second);
  }

  @Test
  void goesOnFromTheOneBeforeWhenTheNewestIsRemoved() throws Exception {
    BackupArchive archive = archive(true);
    StoredBackup first = write(archive, "one", NOON, ABSENT);
    StoredBackup second =
        write(archive, "two", NOON.plusSeconds(5), new PutCondition.IfMatch(first.etag()));
    Files.delete(folder.resolve(second.key()));

    assertThat(archive.latest()).contains(first);
    Files.delete(folder.resolve(first.key()));
    assertThat(archive.latest()).isEmpty();
  }

  @Test
  void aBackupUnderThePlainNameCountsUntilThereIsATimestampedOne() throws Exception {
    StoredBackup plain = write(archive(false), "plain", NOON.plusSeconds(99), ABSENT);
    BackupArchive archive = archive(true);
    assertThat(archive.fingerprint()).isEqualTo(archive(false).fingerprint());
    assertThat(archive.latest()).contains(plain);
    assertThat(archive.covers(plain)).isTrue();

    StoredBackup next = write(archive, "next", NOON, new PutCondition.IfMatch(plain.etag()));

    assertThat(archive.latest()).contains(next);
    assertThat(read(plain)).isEqualTo("plain");
    assertThat(archive(false).toRestore()).contains(plain);
  }

  @Test
  void aPlainPlaceRestoresTheNewestTimestampedOneWhenThereIsNoPlainOne() throws Exception {
    BackupArchive plain = archive(false);
    assertThat(plain.toRestore()).isEmpty();
    StoredBackup first = write(archive(true), "one", NOON, ABSENT);
    StoredBackup second =
        write(archive(true), "two", NOON.plusSeconds(5), new PutCondition.IfMatch(first.etag()));

    assertThat(plain.toRestore()).contains(second);
    assertThat(plain.covers(second)).isFalse();
    assertThat(archive(true).covers(second)).isTrue();
    assertThat(plain.latest()).as("what a backup would replace").isEmpty();
  }

  @Test
  void makesTheDirectoryOfALoneNode() throws Exception {
    folder = folder.resolve("later");

    StoredBackup first = write(archive(true), "one", NOON, ABSENT);

    assertThat(archive(true).latest()).contains(first);
  }

  @ParameterizedTest
  @CsvSource({
    "a/20261124120000_db, true",
    "a/20260229120000_db, false",
    "a/2026112412000_db, false",
    "a/20261124120000_db.lineage, false",
    "a/20261124120000_other-db, false",
    "b/20261124120000_db, false",
    "a/b/20261124120000_db, false",
    "a/db, false"
  })
  void knowsItsNames(String key, boolean one) {
    TimestampedNames names = new TimestampedNames("a/db");

    assertThat(names.isOne(key)).isEqualTo(one);
    assertThat(names.prefix()).isEqualTo("a/2");
  }

  @Test
  void nodesThatShareADirectoryListOnlyWhatIsNew() throws Exception {
    StoredBackup first = write(archive(true), "one", NOON, ABSENT);
    ObjectStore[] store = new ObjectStore[1];
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context ->
            store[0] =
                context
                    .getBean(ObjectStores.class)
                    .open(ObjectStores.parse("file:" + folder + "/db"), false));

    assertThat(store[0].list("2")).extracting(info -> info.key()).containsExactly(first.key());
    assertThat(store[0].list("2", first.key())).isEmpty();
    assertThat(store[0].list("2", "2")).hasSize(1);
  }
}
