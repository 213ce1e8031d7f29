package io.liferaft.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.support.FaultyObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.ComponentScan;

class PlainArchiveTests {

  private static final PutCondition ALWAYS = new PutCondition.Always();
  private static final String KEY = "db.sqlite.gz";

  @TempDir Path root;
  private final List<Duration> pauses = new ArrayList<>();
  private final byte[] database = new byte[300_000];

  @BeforeEach
  void fill() throws IOException {
    new Random(5).nextBytes(database);
    Arrays.fill(database, 100_000, 200_000, (byte) 0);
    Files.createDirectory(root.resolve("store"));
    Files.createDirectory(root.resolve("node"));
  }

  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Beans {}

  private ObjectStore directory() {
    ObjectStore[] opened = new ObjectStore[1];
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context ->
            opened[0] =
                context
                    .getBean(ObjectStores.class)
                    .open(ObjectStores.parse("file:" + root + "/store/" + KEY), false));
    return opened[0];
  }

  private PlainArchive archive(ObjectStore store, boolean compress) {
    return new PlainArchive(store, KEY, "file:x/" + KEY, "file:/x/" + KEY, compress, pauses::add);
  }

  private Path into() {
    return root.resolve("node/restored.sqlite");
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private BackupManifest manifest(byte[] content) throws Exception {
    return new BackupManifest(
        "cluster",
        "generation",
        3,
        17,
        sha256(content),
        content.length,
        false,
        List.of("n1=h:1"),
        "3.54.1",
        "0.1.0",
        Instant.parse("2026-11-24T06:15:00Z"));
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  private DatabaseSource bytes(byte[] content) {
    return new Bytes(content);
  }

  private StoredBackup put(ObjectStore store, byte[] stored, BackupManifest manifest) {
    store.put(KEY, ManifestCodec.encode(manifest), ALWAYS, bytes(stored));
    return archive(store, true).latest().orElseThrow();
  }

  private List<String> leftovers() throws IOException {
    try (var files = Files.list(root.resolve("node"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writesAndFetches(boolean compress) throws Exception {
    PlainArchive archive = archive(directory(), compress);
    List<Long> progress = new ArrayList<>();

    StoredBackup written = archive.write(manifest(database), ALWAYS, bytes(database));
    StoredBackup latest = archive.latest().orElseThrow();
    String sha256 = archive.fetch(latest, into(), progress::add);

    assertThat(latest).isEqualTo(written);
    assertThat(latest.manifest()).isEqualTo(manifest(database));
    assertThat(latest.key()).isEqualTo(KEY);
    assertThat(Files.readAllBytes(into())).isEqualTo(database);
    assertThat(sha256).isEqualTo(sha256(database));
    assertThat(leftovers()).containsExactly("restored.sqlite");
    assertThat(progress).startsWith(0L).endsWith(latest.storedBytes()).isSorted();
    assertThat(Gunzip.isGzip(Files.readAllBytes(root.resolve("store/" + KEY)))).isEqualTo(compress);
    assertThat(latest.storedBytes() < database.length).isEqualTo(compress);
  }

  /** Its file and its note, nothing of ours. */
  @Test
  void restoresWhatRqliteWroteToADirectory() throws Exception {
    Files.write(root.resolve("store/" + KEY), gzip(database));
    Files.writeString(
        root.resolve("store/METADATA.json"),
        "{\"id\":\"8\",\"timestamp\":1795381468799,\"name\":\"/elsewhere/%s\"}".formatted(KEY));
    PlainArchive archive = archive(directory(), true);

    StoredBackup latest = archive.latest().orElseThrow();
    String _ = archive.fetch(latest, into(), _ -> {});

    assertThat(Files.readAllBytes(into())).isEqualTo(database);
    assertThat(latest.manifest().clusterId()).isNull();
    assertThat(directory().head(KEY).orElseThrow().metadata())
        .containsEntry("x-rqlite-auto-backup-id", "8");

    StoredBackup ours = archive.write(manifest(database), ALWAYS, bytes(database));

    assertThat(archive.latest()).contains(ours);
    assertThat(Files.readString(root.resolve("store/METADATA.json")))
        .contains("\"id\":\"17\"", "\"name\":\"" + root.resolve("store/" + KEY) + "\"");
  }

  @Test
  void saysThatThereIsNone() {
    assertThat(archive(directory(), true).latest()).isEmpty();
  }

  @Test
  void leavesTheFormerBackupWhenTheBytesAreNotThoseOfTheManifest() throws Exception {
    PlainArchive archive = archive(directory(), true);
    StoredBackup good = archive.write(manifest(database), ALWAYS, bytes(database));
    byte[] other = database.clone();
    other[5]++;

    for (byte[] wrong :
        List.of(other, Arrays.copyOf(database, 299_999), Arrays.copyOf(database, 300_001))) {
      assertThatExceptionOfType(CorruptBackupException.class)
          .isThrownBy(() -> archive.write(manifest(database), ALWAYS, bytes(wrong)))
          .withMessageContaining("file:x/db.sqlite.gz");
    }

    assertThat(archive.latest()).contains(good);
  }

  @Test
  void leavesTheFormerBackupWhenWritingBreaks() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    PlainArchive archive = archive(store, true);
    StoredBackup good = archive.write(manifest(database), ALWAYS, bytes(database));
    store.cutWritesAt(0, 50_000);

    for (int i = 0; i < 2; i++) {
      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> archive.write(manifest(database), ALWAYS, bytes(database)));
    }

    assertThat(archive.latest()).contains(good);
    assertThat(store.list("")).hasSize(1);
  }

  @Test
  void keepsTheCondition() throws Exception {
    PlainArchive archive = archive(directory(), true);
    StoredBackup first = archive.write(manifest(database), ALWAYS, bytes(database));
    byte[] next = {1, 2, 3};

    archive.write(manifest(next), new PutCondition.IfMatch(first.etag()), bytes(next));

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() ->
            archive.write(
                manifest(database), new PutCondition.IfMatch(first.etag()), bytes(database)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PRECONDITION_FAILED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fetchesWhatRqliteWrote(boolean compressed) throws Exception {
    ObjectStore store = directory();
    store.put(
        KEY,
        Map.of("x-rqlite-auto-backup-id", "8"),
        ALWAYS,
        bytes(compressed ? gzip(database) : database));
    PlainArchive archive = archive(store, true);

    StoredBackup latest = archive.latest().orElseThrow();
    archive.fetch(latest, into(), _ -> {});

    assertThat(latest.manifest().clusterId()).isNull();
    assertThat(latest.manifest().sizeBytes()).isEqualTo(-1);
    assertThat(Files.readAllBytes(into())).isEqualTo(database);
  }

  @Test
  void goesOnWhereABrokenTransferStopped() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    PlainArchive archive = archive(store, false);
    archive.write(manifest(database), ALWAYS, bytes(database));
    store.cutReadsAt(100_000, 50_000, 0, 0, 1);
    List<Long> progress = new ArrayList<>();

    archive.fetch(archive.latest().orElseThrow(), into(), progress::add);

    assertThat(Files.readAllBytes(into())).isEqualTo(database);
    assertThat(store.gets()).isEqualTo(6);
    assertThat(progress).isSorted().contains(100_000L, 150_000L, 150_001L);
    assertThat(pauses).hasSize(5);
  }

  @Test
  void givesUpWithoutProgressAndGoesOnInTheNextCall() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    PlainArchive archive = archive(store, false);
    archive.write(manifest(database), ALWAYS, bytes(database));
    StoredBackup latest = archive.latest().orElseThrow();
    store.cutReadsAt(100_000, 0, 0, 0, 0, 0);

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.fetch(latest, into(), _ -> {}))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE))
        .withMessageContaining("100000 of 300000");
    assertThat(into()).doesNotExist();
    assertThat(leftovers()).containsExactly("restored.sqlite.part", "restored.sqlite.part.source");
    assertThat(pauses).hasSize(5).isSorted();
    List<Long> progress = new ArrayList<>();
    archive(store, false).fetch(latest, into(), progress::add);

    assertThat(progress).startsWith(100_000L);
    assertThat(Files.readAllBytes(into())).isEqualTo(database);
    assertThat(leftovers()).containsExactly("restored.sqlite");
  }

  @Test
  void passesOtherFailuresOnAtOnce() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    PlainArchive archive = archive(store, false);
    StoredBackup written = archive.write(manifest(database), ALWAYS, bytes(database));
    store.failWith(Reason.ACCESS_DENIED);

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.fetch(written, into(), _ -> {}))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ACCESS_DENIED));
    assertThat(store.gets()).isOne();
  }

  private StoredBackup leavePartOfAReplacedBackup(FaultyObjectStore store) throws Exception {
    PlainArchive archive = archive(store, false);
    StoredBackup old = archive.write(manifest(database), ALWAYS, bytes(database));
    store.cutReadsAt(100_000, 0, 0, 0, 0, 0);
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.fetch(old, into(), _ -> {}));
    assertThat(leftovers()).hasSize(2);
    byte[] other = new byte[200_000];
    archive.write(manifest(other), ALWAYS, bytes(other));
    return old;
  }

  @Test
  void startsOverWhenThePartBelongsToAnotherObject() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    var _ = leavePartOfAReplacedBackup(store);
    PlainArchive archive = archive(store, false);
    List<Long> progress = new ArrayList<>();

    archive.fetch(archive.latest().orElseThrow(), into(), progress::add);

    assertThat(progress).startsWith(0L).doesNotContain(100_000L).isSorted();
    assertThat(Files.readAllBytes(into())).isEqualTo(new byte[200_000]);
  }

  @Test
  void saysWhenTheBackupToFetchWasReplaced() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    StoredBackup old = leavePartOfAReplacedBackup(store);

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive(store, false).fetch(old, into(), _ -> {}))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PRECONDITION_FAILED));

    assertThat(leftovers()).isEmpty();
  }

  @Test
  void fetchesAnewWhenThePartWasDamagedHere() throws Exception {
    FaultyObjectStore store = new FaultyObjectStore(directory());
    PlainArchive archive = archive(store, true);
    StoredBackup written = archive.write(manifest(database), ALWAYS, bytes(database));
    store.cutReadsAt(100_000, 0, 0, 0, 0, 0);
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.fetch(written, into(), _ -> {}));
    Files.write(into().resolveSibling("restored.sqlite.part"), new byte[100_000]);

    archive.fetch(written, into(), _ -> {});

    assertThat(Files.readAllBytes(into())).isEqualTo(database);
  }

  @Test
  void namesWhatIsDamaged() throws Exception {
    ObjectStore store = directory();
    byte[] packed = gzip(database);
    byte[] other = database.clone();
    other[1]++;
    Map<String, byte[]> damaged =
        Map.of(
            "ends too early", Arrays.copyOf(packed, packed.length - 1),
            "after the end", Arrays.copyOf(packed, packed.length + 1),
            "has 299999 bytes", gzip(Arrays.copyOf(database, 299_999)),
            "has 100 bytes", Arrays.copyOf(database, 100),
            "has more than", gzip(Arrays.copyOf(database, 300_001)),
            "has sha256", gzip(other));
    for (var entry : damaged.entrySet()) {
      StoredBackup stored = put(store, entry.getValue(), manifest(database));

      assertThatExceptionOfType(CorruptBackupException.class)
          .as(entry.getKey())
          .isThrownBy(() -> archive(store, true).fetch(stored, into(), _ -> {}))
          .withMessageContaining(store.location() + "/" + KEY)
          .withMessageContaining(entry.getKey());
      assertThat(leftovers()).as(entry.getKey()).isEmpty();
    }
  }

  @Test
  void preservesTheSameObjectOnce() throws Exception {
    ObjectStore store = directory();
    PlainArchive archive = archive(store, true);
    StoredBackup first = archive.write(manifest(database), ALWAYS, bytes(database));

    String kept = archive.preserve(first);
    String again = archive.preserve(archive.latest().orElseThrow());

    assertThat(kept)
        .isEqualTo(again)
        .matches("db\\.preserved-\\d{8}T\\d{6}Z-[0-9a-f]{8}\\.sqlite\\.gz");
    assertThat(store.list("db.preserved")).hasSize(1);
    assertThat(store.head(kept).orElseThrow().metadata())
        .isEqualTo(ManifestCodec.encode(manifest(database)));
    byte[] next = {1, 2, 3};
    archive.write(manifest(next), ALWAYS, bytes(next));
    assertThat(store.head(kept).orElseThrow().etag()).isEqualTo(first.etag());
    assertThat(archive.preserve(archive.latest().orElseThrow())).isNotEqualTo(kept);
  }

  @Test
  void preservesOnlyWhatItWasAskedFor() throws Exception {
    ObjectStore store = directory();
    PlainArchive archive = archive(store, true);
    StoredBackup first = archive.write(manifest(database), ALWAYS, bytes(database));
    byte[] next = {1, 2, 3};
    archive.write(manifest(next), ALWAYS, bytes(next));

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.preserve(first))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PRECONDITION_FAILED));
    assertThat(store.list("")).hasSize(1);
  }

  @Test
  void opensByAddressWithOneFingerprintForOnePlace() {
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context -> {
          BackupArchives archives = context.getBean(BackupArchives.class);
          BackupArchive archive = archives.open("file:" + root + "/a/db", true);

          assertThat(archive.location()).isEqualTo("file:" + root + "/a/db");
          assertThat(archive.fingerprint())
              .matches("[0-9a-f]{16}")
              .isEqualTo(archives.open("file://" + root + "/a/../a/db", false).fingerprint())
              .isNotEqualTo(archives.open("file:" + root + "/b/db", true).fingerprint());
          assertThatIllegalArgumentException()
              .isThrownBy(() -> archives.open("nonsense", true))
              .withMessageContaining("s3://bucket/key");
          assertThatExceptionOfType(ObjectStoreException.class)
              .isThrownBy(archive::latest)
              .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_SUCH_BUCKET));
        });
  }

  @Test
  void createsTheDirectoryWhenToldSo() {
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context -> {
          BackupArchives archives = context.getBean(BackupArchives.class);
          byte[] content = "hello".getBytes(UTF_8);
          String target = "file:" + root + "/made/db";

          assertThatExceptionOfType(ObjectStoreException.class)
              .isThrownBy(() ->
                  archives.open(target, true).write(manifest(content), ALWAYS, bytes(content)));
          archives
              .open(target, true, true)
              .write(manifest(content), new PutCondition.IfAbsent(), bytes(content));

          assertThat(archives.open(target, true).latest()).isPresent();
        });
  }
}
