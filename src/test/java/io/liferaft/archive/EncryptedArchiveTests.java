package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.backup.BackupsCommand;
import io.liferaft.objectstore.PreflightFinding.Result;
import io.liferaft.objectstore.PutCondition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("EncryptedArchiveTests")
class EncryptedArchiveTests {

  private static final int CHUNK = ChunkTable.CHUNK_BYTES;
  private static final String SECRET = "the rows that nobody else may read ";

  @TempDir Path root;
  private final Random random = new Random(7);
  private final Map<String, String> environment =
      new HashMap<>(Map.of("K1", "11".repeat(32), "K2", "22".repeat(32)));

  private RequestFaults store =
      new RequestFaults(ChunkedArchiveTests.directory(Path.of("nowhere")));

  @BeforeEach
  void open() throws IOException {
    Files.createDirectory(root.resolve("store"));
    store = new RequestFaults(ChunkedArchiveTests.directory(root.resolve("store")));
  }

  /** As a process has it that is told these keys. */
  private ChunkedArchive archive(@Nullable String current, String... ids) {
    Map<String, KeySource> sources = new HashMap<>();
    for (String id : ids) {
      sources.put(id, new KeySource.InEnvironment(id.toUpperCase(java.util.Locale.ROOT)));
    }
    return new ChunkedArchive(
        store,
        "db/",
        "file:x/db/",
        "file:/x/db/",
        3,
        new EncryptionKeys(current, sources, environment::get, null),
        random,
        _ -> {});
  }

  private static StoredBackup write(ChunkedArchive archive, TestDatabase database)
      throws IOException {
    Optional<StoredBackup> there = archive.latest();
    PutCondition condition =
        there
            .<PutCondition>map(backup -> new PutCondition.IfMatch(backup.etag()))
            .orElse(new PutCondition.IfAbsent());
    TestDatabase.Source source = database.source();
    return archive.write(database.manifest(archive.digest(source)), condition, source);
  }

  private byte[] fetched(ChunkedArchive archive, StoredBackup backup) throws IOException {
    Path into = Files.createTempFile(root, "fetched", ".sqlite");
    Files.delete(into);
    String sha256 = archive.fetch(backup, into, _ -> {});
    assertThat(sha256).isEqualTo(backup.manifest().sha256());
    return Files.readAllBytes(into);
  }

  private byte[] newest(ChunkedArchive archive) throws IOException {
    return fetched(archive, archive.toRestore().orElseThrow());
  }

  private List<Path> files(String kind) throws IOException {
    try (var files = Files.walk(root.resolve("store/db/" + kind))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.toString().endsWith(".metadata.json"))
          .sorted()
          .toList();
    }
  }

  /** Text that compresses, with pages of it that do not. */
  private static TestDatabase database(int chunks) {
    byte[] bytes = new byte[chunks * CHUNK];
    new Random(3).nextBytes(bytes);
    byte[] text = SECRET.repeat(CHUNK / SECRET.length()).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, bytes, 0, text.length);
    System.arraycopy(text, 0, bytes, CHUNK + CHUNK / 2, text.length / 4);
    return new TestDatabase(bytes);
  }

  private static List<String> told(ChunkedArchive archive) {
    return archive.preflight().stream()
        .map(found -> found.check() + " " + found.result() + " " + found.detail())
        .toList();
  }

  private static void toldAre(ChunkedArchive archive, String key, String ofNewest) {
    assertThat(told(archive))
        .satisfiesExactly(
            first -> assertThat(first).startsWith("key ").contains(key),
            second -> assertThat(second).startsWith("key-of-newest ").contains(ofNewest));
    assertThat(archive.preflight())
        .allSatisfy(found ->
            assertThat(found.advice().isEmpty()).isEqualTo(found.result() != Result.PROBLEM));
  }

  @Test
  void aPreflightTriesTheKeyAndThatOfTheNewestBackup() throws IOException {
    assertThat(archive(null).preflight()).as("nothing is encrypted").isEmpty();
    ChunkedArchive first = archive("k1", "k1");
    toldAre(first, "OK The key of id k1", "OK There is no encrypted backup yet");
    StoredBackup _ = write(first, database(3));
    toldAre(first, "OK The key of id k1", "OK The newest backup can be read with the key of id k1");

    toldAre(archive("k2", "k2"), "OK The key of id k2", "PROBLEM file:");
    assertThat(told(archive("k2", "k2")).getLast())
        .contains("is encrypted with the key of id k1, which is not set");
    toldAre(archive("k2", "k1", "k2"), "OK The key of id k2", "OK The newest backup can be read");
    assertThat(told(archive(null)))
        .singleElement()
        .asString()
        .startsWith("key-of-newest PROBLEM")
        .contains("the key of id k1, which is not set");

    environment.put("K1", "33".repeat(32));
    toldAre(first, "OK The key of id k1", "PROBLEM The newest backup at file:x/db/ was encrypted");
    environment.remove("K1");
    toldAre(
        first,
        "PROBLEM Backups cannot be encrypted: liferaft.archive.encryption.keys.k1",
        "PROBLEM The newest backup at file:x/db/ is encrypted with the key of id k1");
  }

  @Test
  void aPreflightTellsNothingOfAKeyWhoseBackupCannotBeRead() throws IOException {
    StoredBackup _ = write(archive("k1", "k1"), database(3));
    Files.writeString(root.resolve("store/db/latest.json"), "{");

    toldAre(archive("k1", "k1"), "OK The key of id k1", "SKIPPED The newest backup cannot be read");
  }

  @Test
  void showsNothingOfTheContentAndComesBackWithTheKey() throws IOException {
    TestDatabase database = database(5);
    StoredBackup stored = write(archive("k1", "k1"), database);
    byte[] chunk = Arrays.copyOfRange(database.bytes(), 2 * CHUNK, 2 * CHUNK + 24);
    String hash =
        HexFormat.of()
            .formatHex(
                TestDatabase.sha256(Arrays.copyOfRange(database.bytes(), 2 * CHUNK, 3 * CHUNK)));

    for (Path file : files("")) {
      String content = Files.readString(file, StandardCharsets.ISO_8859_1);
      assertThat(content)
          .as(file.toString())
          .doesNotContain(SECRET)
          .doesNotContain(new String(chunk, StandardCharsets.ISO_8859_1))
          .doesNotContain(hash)
          .doesNotContain(String.valueOf(stored.manifest().sha256()))
          .doesNotContain("n1=h:1");
    }
    ChunkedArchive another = archive("k1", "k1");
    assertThat(another.latest().orElseThrow().manifest()).isEqualTo(stored.manifest());
    assertThat(newest(another)).isEqualTo(database.bytes());
    assertThat(newest(archive(null, "k1"))).isEqualTo(database.bytes());
  }

  @Test
  void sendsOnlyWhatIsNewAlsoForAnotherProcessAndGeneration() throws IOException {
    TestDatabase database = database(50);
    ChunkedArchive archive = archive("k1", "k1");
    write(archive, database);
    assertThat(write(archive, database.set(7 * CHUNK, (byte) 1)).addedBytes())
        .isLessThan(CHUNK + 1500L);

    archive = archive("k1", "k1");
    assertThat(write(archive, database.elsewhere().set(8 * CHUNK, (byte) 1)).addedBytes())
        .isLessThan(CHUNK + 1500L);

    archive = archive("k1", "k1");
    StoredBackup restored = write(archive, database.newGeneration("generation-2"));
    assertThat(restored.addedBytes()).isLessThan(6000L);
    assertThat(fetched(archive, restored)).isEqualTo(database.bytes());
    StoredBackup next = write(archive, database.set(9 * CHUNK, (byte) 1));
    assertThat(next.key()).doesNotContain(".full.");
    assertThat(newest(archive("k1", "k1"))).isEqualTo(database.bytes());
  }

  @Test
  void givesEachGenerationADataKeyOfItsOwn() throws IOException {
    TestDatabase database = database(3);
    ChunkedArchive archive = archive("k1", "k1");
    write(archive, database);
    write(archive, database.set(5, (byte) 1));
    write(archive, database.newGeneration("generation-2"));

    List<String> headers = files("manifests").stream().map(EncryptedArchiveTests::header).toList();
    assertThat(headers).hasSize(3).allMatch(header -> header.contains("\"keyId\":\"k1\""));
    assertThat(headers.get(0)).isEqualTo(headers.get(1)).isNotEqualTo(headers.get(2));
  }

  private static String header(Path file) {
    try {
      String content = Files.readString(file, StandardCharsets.ISO_8859_1);
      return content.substring(content.indexOf('{'), content.indexOf('}') + 1);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void sendsEverythingAgainWhenItIsSwitchedOnAndOff() throws IOException {
    TestDatabase database = database(10);
    ChunkedArchive plain = archive(null);
    write(plain, database);

    StoredBackup sealed = write(archive("k1", "k1"), database.set(5, (byte) 1));

    assertThat(sealed.addedBytes()).isGreaterThan(7L * CHUNK);
    assertThat(sealed.key()).contains(".full.");
    Files.delete(files("packs").getFirst());
    assertThat(newest(archive("k1", "k1"))).isEqualTo(database.bytes());

    StoredBackup again = write(archive(null, "k1"), database.set(6, (byte) 1));
    assertThat(again.addedBytes()).isGreaterThan(7L * CHUNK);
    assertThat(newest(archive(null))).isEqualTo(database.bytes());
  }

  @Test
  void takesAnotherKeyWithoutSendingChunksAgain() throws IOException {
    TestDatabase database = database(30);
    ChunkedArchive archive = archive("k1", "k1");
    StoredBackup old = write(archive, database);
    byte[] before = database.bytes();

    StoredBackup rotated = write(archive("k2", "k1", "k2"), database.set(5, (byte) 1));

    assertThat(rotated.key()).contains(".full.");
    assertThat(rotated.addedBytes()).isLessThan(2L * CHUNK);
    assertThat(newest(archive("k2", "k2"))).isEqualTo(database.bytes());
    StoredBackup next = write(archive("k2", "k2"), database.set(6, (byte) 1));
    assertThat(next.key()).doesNotContain(".full.");
    assertThat(newest(archive("k2", "k2"))).isEqualTo(database.bytes());
    assertThat(fetched(archive("k2", "k1", "k2"), old)).isEqualTo(before);
    ChunkedArchive withoutTheOld = archive("k2", "k2");
    assertThatExceptionOfType(EncryptionKeyException.class)
        .isThrownBy(() -> fetched(withoutTheOld, old))
        .withMessageContaining("encrypted with the key of id k1")
        .withMessageContaining("liferaft.archive.encryption.keys.k1");
  }

  @Test
  void neitherReadsNorReplacesWhatItHasNoKeyFor() throws IOException {
    TestDatabase database = database(3);
    write(archive("k1", "k1"), database);
    write(archive("k2", "k1", "k2"), database.set(5, (byte) 1));
    List<Path> before = files("");

    for (ChunkedArchive archive : List.of(archive("k1", "k1"), archive(null))) {
      assertThatExceptionOfType(EncryptionKeyException.class)
          .isThrownBy(archive::toRestore)
          .withMessageContaining("k2");
      assertThatExceptionOfType(EncryptionKeyException.class)
          .isThrownBy(() -> write(archive, database));
    }
    assertThat(files("")).isEqualTo(before);
  }

  @Test
  void tellsAnotherKeyUnderTheSameIdFromDamage() throws IOException {
    TestDatabase database = database(3);
    write(archive("k1", "k1"), database);
    environment.put("K1", "33".repeat(32));

    ChunkedArchive archive = archive("k1", "k1");
    assertThatExceptionOfType(EncryptionKeyException.class)
        .isThrownBy(archive::toRestore)
        .withMessageContaining("another key than the one that")
        .withMessageNotContaining("33333333");
  }

  @ParameterizedTest
  @CsvSource({"packs,40000", "manifests,9", "manifests,60", "manifests,-1"})
  void restoresTheOneBeforeWhatHasBeenChanged(String kind, int at) throws IOException {
    TestDatabase database = database(4);
    ChunkedArchive archive = archive("k1", "k1");
    write(archive, database);
    byte[] before = database.bytes();
    StoredBackup newest = write(archive, database.newGeneration("g2").set(9, new byte[CHUNK]));
    Path file = files(kind).getLast();
    byte[] bytes = Files.readAllBytes(file);
    int place = at < 0 ? bytes.length + at : Math.min(at, bytes.length - 1);
    bytes[place] ^= 0x10;
    Files.write(file, bytes);

    ChunkedArchive other = archive("k1", "k1");
    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> fetched(other, newest))
        .withMessageContaining(file.getFileName().toString());
    assertThat(fetched(other, other.before(newest).orElseThrow())).isEqualTo(before);
  }

  @Test
  void saysWhyTheKeyCannotBeRead() throws IOException {
    TestDatabase database = database(2);
    environment.remove("K1");
    ChunkedArchive archive = archive("k1", "k1");

    assertThatExceptionOfType(EncryptionKeyException.class)
        .isThrownBy(() -> write(archive, database))
        .withMessageContaining("the environment variable K1 is not set");
    assertThat(root.resolve("store/db/packs")).doesNotExist();

    environment.put("K1", "dG9vIHNob3J0");
    assertThatExceptionOfType(EncryptionKeyException.class)
        .isThrownBy(() -> write(archive, database))
        .withMessageContaining("holds no key of 32 bytes")
        .withMessageNotContaining("dG9vIHNob3J0");

    environment.put("K1", "11".repeat(32));
    assertThat(fetched(archive, write(archive, database))).isEqualTo(database.bytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "hex", "base64"})
  void readsAKeyFromAFile(String form) throws IOException {
    byte[] key = HexFormat.of().parseHex("5a".repeat(32));
    Path file = root.resolve("key");
    switch (form) {
      case "raw" -> Files.write(file, key);
      case "hex" -> Files.writeString(file, "5a".repeat(32) + "\n");
      default -> Files.writeString(file, java.util.Base64.getEncoder().encodeToString(key) + "\n");
    }
    assertThat(new KeySource.InFile(file).read(environment::get)).isEqualTo(key);
  }

  /** As after a rotation, once the old key is gone: what can be read is, and the rest is named. */
  @Test
  void verifiesWhatItHasTheKeysOf() throws IOException {
    StoredBackup old = write(archive("k1", "k1"), database(2));
    StoredBackup next = write(archive("k2", "k1", "k2"), database(2).set(5, (byte) 1));
    Path key = Files.writeString(root.resolve("k2"), "22".repeat(32));
    ByteArrayOutputStream said = new ByteArrayOutputStream();

    int status;
    try (PrintStream print = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      status =
          BackupsCommand.run(
              List.of(
                  "verify",
                  "--all",
                  "--depth=hashes",
                  "--target=file:" + root.resolve("store/db").toAbsolutePath() + "/",
                  "--liferaft.archive.encryption.keys.k2=file:" + key,
                  "--spring.cloud.aws.s3.enabled=false",
                  "--spring.cloud.aws.region.static=eu-central-1"),
              print,
              print);
    }

    ChunkedArchive names = archive("k2", "k1", "k2");
    assertThat(said.toString(StandardCharsets.UTF_8))
        .contains("good     " + names.idOf(next).orElseThrow())
        .contains("NO KEY   " + names.idOf(old).orElseThrow())
        .contains("key of id k1")
        .contains("1 verified, 0 damaged, 1 without their key");
    assertThat(status).isEqualTo(1);
  }

  /** Golden files: written by another program, from docs/backup-format.md alone. */
  @Test
  void readsWhatVersionOneOfTheFormatSays() throws IOException {
    ChunkedArchiveTests.copyGolden("encrypted", root.resolve("store/db"));
    byte[] key = new byte[DataKey.BYTES];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) i;
    }
    environment.put("K1", HexFormat.of().formatHex(key));
    byte[] first = new byte[2 * CHUNK + 4096];
    for (int i = 0; i < first.length; i++) {
      first[i] = (byte) (i >> 10);
    }
    byte[] second = first.clone();
    System.arraycopy(new byte[] {1, 2, 3}, 0, second, 70_000, 3);
    byte[] third = second.clone();
    third[5] = 77;

    ChunkedArchive archive = archive("k1", "k1");
    StoredBackup newest = archive.toRestore().orElseThrow();
    StoredBackup before = archive.before(newest).orElseThrow();

    assertThat(newest.manifest().members()).containsExactly("n1=h:1", "n2=h:2");
    assertThat(fetched(archive, newest)).isEqualTo(third);
    assertThat(fetched(archive, before)).isEqualTo(second);
    assertThat(fetched(archive, archive.before(before).orElseThrow())).isEqualTo(first);
    TestDatabase database = new TestDatabase(third).newGeneration("generation-2");
    StoredBackup next = write(archive, database.set(1, (byte) 1));
    assertThat(newest(archive("k1", "k1"))).isEqualTo(database.bytes());
    assertThat(next.addedBytes()).isLessThan(2000);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void keepsEveryRestorePointWhateverHappensToKeys(long seed) throws IOException {
    Random chance = new Random(seed);
    TestDatabase database = TestDatabase.random(1 + chance.nextInt(12), seed);
    Map<StoredBackup, byte[]> history = new java.util.LinkedHashMap<>();
    ChunkedArchive archive = archive("k1", "k1", "k2");
    for (int step = 0; step < 50; step++) {
      switch (chance.nextInt(10)) {
        case 0 -> database.resize(512 * (1 + chance.nextInt(128 * 14)));
        case 1 -> {
          String key = List.of("k1", "k2", "").get(chance.nextInt(3));
          archive = archive(key.isEmpty() ? null : key, "k1", "k2");
        }
        case 2 -> database.newGeneration("generation-" + step);
        default -> {
          byte[] piece = new byte[1 + chance.nextInt(Math.min(70_000, database.bytes().length))];
          chance.nextBytes(piece);
          database.set(chance.nextInt(database.bytes().length - piece.length + 1), piece);
        }
      }
      history.put(write(archive, database), database.bytes());
    }
    ChunkedArchive reader = archive(null, "k1", "k2");
    for (Map.Entry<StoredBackup, byte[]> entry : history.entrySet()) {
      assertThat(fetched(reader, entry.getKey())).isEqualTo(entry.getValue());
    }
  }
}
