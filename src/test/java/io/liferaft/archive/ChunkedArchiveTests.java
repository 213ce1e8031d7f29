package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.archive.RequestFaults.Way;
import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStores;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.ComponentScan;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ChunkedArchiveTests")
class ChunkedArchiveTests {

  private static final int CHUNK = ChunkTable.CHUNK_BYTES;

  @TempDir Path root;
  private RequestFaults store = new RequestFaults(directory(Path.of("nowhere")));
  private final Random random = new Random(7);
  private ChunkedArchive archive = archive();

  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Beans {}

  @BeforeEach
  void open() throws IOException {
    Files.createDirectory(root.resolve("store"));
    Files.createDirectory(root.resolve("node"));
    store = new RequestFaults(directory(root.resolve("store")));
    archive = archive();
  }

  static ObjectStore directory(Path path) {
    ObjectStore[] opened = new ObjectStore[1];
    new ApplicationContextRunner()
        .withUserConfiguration(Beans.class)
        .run(context ->
            opened[0] =
                context
                    .getBean(ObjectStores.class)
                    .open(ObjectStores.parse("file:" + path.toAbsolutePath() + "/"), false));
    return opened[0];
  }

  /** As another process has it. */
  private ChunkedArchive archive() {
    return new ChunkedArchive(
        store, "db/", "file:x/db/", "file:/x/db/", 3, EncryptionKeys.NONE, random, _ -> {});
  }

  private StoredBackup write(TestDatabase database) throws IOException {
    return write(database.source());
  }

  private StoredBackup write(TestDatabase.Source source) throws IOException {
    Optional<StoredBackup> there = archive.latest();
    PutCondition condition =
        there
            .<PutCondition>map(backup -> new PutCondition.IfMatch(backup.etag()))
            .orElse(new PutCondition.IfAbsent());
    return write(source, condition);
  }

  private StoredBackup write(TestDatabase.Source source, PutCondition condition)
      throws IOException {
    String digest = archive.digest(source);
    return archive.write(source.database().manifest(digest), condition, source);
  }

  private byte[] fetched(StoredBackup backup) throws IOException {
    Path into = Files.createTempFile(root.resolve("node"), "fetched", ".sqlite");
    Files.delete(into);
    String sha256 = archive.fetch(backup, into, _ -> {});
    assertThat(sha256).isEqualTo(backup.manifest().sha256());
    byte[] bytes = Files.readAllBytes(into);
    Files.delete(into);
    return bytes;
  }

  private List<Path> files(String kind) throws IOException {
    Path folder = root.resolve("store/db/" + kind);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files.filter(file -> !file.toString().endsWith(".metadata.json")).sorted().toList();
    }
  }

  /**
   * Not when the pointer was last written or copied: older ones have nothing but the manifest's.
   */
  @Test
  void theNewestIsOfTheTimeThatItsManifestTells() throws IOException {
    TestDatabase database = TestDatabase.random(3, 1);
    Instant made = Instant.parse("2026-01-02T03:04:05.678Z");
    TestDatabase.Source source = database.source();
    StoredBackup _ =
        archive.write(
            database.manifest(archive.digest(source), made), new PutCondition.IfAbsent(), source);

    assertThat(archive.latest().orElseThrow().stored()).isEqualTo(made);
  }

  @Test
  void hasNothingAtFirst() {
    assertThat(archive.latest()).isEmpty();
    assertThat(archive.toRestore()).isEmpty();
  }

  @Test
  void keepsADatabaseWhole() throws IOException {
    TestDatabase database = TestDatabase.random(3, 1).resize(2 * CHUNK + 4096);

    StoredBackup stored = write(database);

    assertThat(archive.latest().orElseThrow().manifest()).isEqualTo(stored.manifest());
    assertThat(stored.manifest()).isEqualTo(database.manifest(stored.manifest().sha256()));
    assertThat(fetched(archive.toRestore().orElseThrow())).isEqualTo(database.bytes());
  }

  @Test
  void hashesTheHashesOfTheChunksInOrder() throws Exception {
    TestDatabase database = TestDatabase.random(2, 1).resize(CHUNK + 100);
    byte[] bytes = database.bytes();
    java.io.ByteArrayOutputStream hashes = new java.io.ByteArrayOutputStream();
    hashes.write(TestDatabase.sha256(java.util.Arrays.copyOf(bytes, CHUNK)));
    hashes.write(TestDatabase.sha256(java.util.Arrays.copyOfRange(bytes, CHUNK, CHUNK + 100)));

    assertThat(archive.digest(database.source()))
        .isEqualTo(java.util.HexFormat.of().formatHex(TestDatabase.sha256(hashes.toByteArray())));
  }

  @Test
  void readsAndSendsOnlyWhatChanged() throws IOException {
    TestDatabase database = TestDatabase.random(50, 2);
    write(database);
    TestDatabase.Source source = database.set(20 * CHUNK + 5, (byte) 1, (byte) 2).source();

    StoredBackup second = write(source);

    assertThat(source.readBytes()).isEqualTo(2 * CHUNK);
    assertThat(second.addedBytes()).isBetween((long) CHUNK, CHUNK + 1000L);
    assertThat(fetched(second)).isEqualTo(database.bytes());
  }

  @Test
  void looksAtEverythingAndSendsOnlyWhatIsMissingWhenTheFileIsAnother() throws IOException {
    TestDatabase database = TestDatabase.random(50, 2);
    write(database);
    TestDatabase.Source source = database.elsewhere().set(7, (byte) 1).source();

    StoredBackup second = write(source);

    assertThat(source.readBytes()).isEqualTo(51 * CHUNK);
    assertThat(second.addedBytes()).isLessThan(CHUNK + 1000L);
    assertThat(fetched(second)).isEqualTo(database.bytes());
  }

  @Test
  void goesOnFromWhatAnotherProcessWrote() throws IOException {
    TestDatabase database = TestDatabase.random(50, 2);
    write(database);
    write(database.set(CHUNK, (byte) 1));
    archive = archive();

    StoredBackup third = write(database.set(3 * CHUNK, (byte) 1));

    assertThat(third.addedBytes()).isLessThan(CHUNK + 1500L);
    assertThat(fetched(third)).isEqualTo(database.bytes());
  }

  @Test
  void sendsNothingOfARestoredDatabaseUnderItsNewGeneration() throws IOException {
    TestDatabase database = TestDatabase.random(50, 2);
    write(database);
    archive = archive();

    StoredBackup restored = write(database.elsewhere().newGeneration("generation-2"));

    assertThat(files("packs")).hasSize(1);
    assertThat(restored.key()).contains("manifests/000002-").endsWith(".full.json.zst");
    assertThat(fetched(restored)).isEqualTo(database.bytes());
  }

  /** Its content is in the archive, but not in the newest backup. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 6})
  void sendsNextToNothingOfADatabaseThatWasSetBack(int since) throws IOException {
    TestDatabase database = TestDatabase.random(60, 2);
    TestDatabase other = TestDatabase.random(80, 3).elsewhere().elsewhere();
    StoredBackup first = write(database);
    for (int i = 0; i < since; i++) {
      write(database.set((long) i * CHUNK, (byte) 1)); // stays in what is looked at
    }
    write(other.newGeneration("generation-2"));
    write(other.set(0, (byte) 1));
    archive = archive();

    StoredBackup setBack = write(database.elsewhere().newGeneration("generation-3"));

    assertThat(setBack.addedBytes()).isLessThan(first.addedBytes() / 5);
    assertThat(fetched(setBack)).isEqualTo(database.bytes());
    StoredBackup next = write(database.set(9 * CHUNK, (byte) 2));
    assertThat(next.addedBytes()).isLessThan(2 * CHUNK);
    assertThat(fetched(next)).isEqualTo(database.bytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gone", "cut"})
  void reliesOnNoPackOfAnEarlierBackupThatIsDamaged(String how) throws IOException {
    TestDatabase database = TestDatabase.random(60, 2);
    StoredBackup first = write(database);
    Path pack = files("packs").getFirst();
    write(TestDatabase.random(80, 3).elsewhere().elsewhere().newGeneration("generation-2"));
    if (how.equals("gone")) {
      Files.delete(pack);
    } else {
      Files.write(pack, Arrays.copyOf(Files.readAllBytes(pack), 3 * CHUNK));
    }

    StoredBackup setBack = write(database.elsewhere().newGeneration("generation-3"));

    assertThat(setBack.addedBytes()).isGreaterThan(first.addedBytes() * 9 / 10);
    assertThat(fetched(setBack)).isEqualTo(database.bytes());
  }

  @Test
  void findsContentThatHasMovedAndSendsEqualContentOnce() throws IOException {
    byte[] bytes = TestDatabase.random(10, 3).bytes();
    TestDatabase database = new TestDatabase(bytes);
    write(database);
    byte[] moved = new byte[20 * CHUNK];
    System.arraycopy(bytes, 0, moved, 5 * CHUNK, 10 * CHUNK);
    java.util.Arrays.fill(moved, 15 * CHUNK, 20 * CHUNK, (byte) 9);

    StoredBackup second = write(new TestDatabase(moved).elsewhere());

    assertThat(second.addedBytes()).isLessThan(3000);
    assertThat(fetched(second)).isEqualTo(moved);
  }

  @Test
  void followsADatabaseThatShrinksAndGrows() throws IOException {
    TestDatabase database = TestDatabase.random(10, 4);
    write(database);
    List<StoredBackup> backups = new ArrayList<>();
    List<byte[]> contents = new ArrayList<>();
    for (int size : new int[] {5 * CHUNK + 512, 4096, 12 * CHUNK, 3 * CHUNK, 10 * CHUNK + 1024}) {
      backups.add(write(database.resize(size)));
      contents.add(database.bytes());
    }
    for (int i = 0; i < backups.size(); i++) {
      assertThat(fetched(backups.get(i))).isEqualTo(contents.get(i));
    }
  }

  @Test
  void tellsAManifestWholeWhenTheDifferencesHaveGrown() throws IOException {
    TestDatabase database = TestDatabase.random(60, 5);
    for (int i = 0; i < 40; i++) {
      write(database.set((long) (i % 60) * CHUNK, (byte) i));
    }

    List<Path> manifests = files("manifests");
    long whole = manifests.stream().filter(file -> file.toString().contains(".full.")).count();
    assertThat(whole).isBetween(3L, 15L);
    assertThat(fetched(archive.latest().orElseThrow())).isEqualTo(database.bytes());
  }

  @Test
  void rewritesWhatIsMostlyDead() throws IOException {
    TestDatabase database = TestDatabase.random(40, 6);
    StoredBackup first = write(database);
    String pack = first.key().replace("manifests/", "packs/").replace(".json.zst", ".pack");
    for (int i = 0; i < 36; i++) {
      write(database.set((long) i * CHUNK, (byte) i));
    }

    // Another generation has a whole manifest, and that is when it is looked at.
    StoredBackup last = write(database.newGeneration("generation-2"));
    Files.delete(root.resolve("store/" + pack));

    assertThat(fetched(last)).isEqualTo(database.bytes());
  }

  @Test
  void doesNotBecomeVisibleWithoutConfirmation() throws IOException {
    TestDatabase database = TestDatabase.random(3, 1);
    StoredBackup first = write(database);
    TestDatabase.Source source =
        database.set(0, (byte) 1).source().failBeforeVisible(new IOException("not confirmed"));

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> write(source))
        .withMessageContaining("not confirmed");

    assertThat(archive.latest().orElseThrow().etag()).isEqualTo(first.etag());
  }

  @Test
  void refusesToFollowAnotherBackupThanTheConditionSays() throws IOException {
    TestDatabase database = TestDatabase.random(3, 1);
    StoredBackup first = write(database);
    ChunkedArchive other = archive();
    TestDatabase.Source theirs = database.elsewhere().set(5, (byte) 5).source();
    String digest = other.digest(theirs);
    StoredBackup second =
        other.write(database.manifest(digest), new PutCondition.IfMatch(first.etag()), theirs);

    TestDatabase.Source ours = database.set(9, (byte) 9).source();
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> write(ours, new PutCondition.IfMatch(first.etag())))
        .matches(e -> e.reason() == Reason.PRECONDITION_FAILED);
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> write(database.source(), new PutCondition.IfAbsent()))
        .matches(e -> e.reason() == Reason.PRECONDITION_FAILED);

    assertThat(archive.latest().orElseThrow().etag()).isEqualTo(second.etag());
  }

  @Test
  void fetchesOnlyWhatIsMissingAfterABreak() throws IOException {
    TestDatabase database = TestDatabase.random(200, 9);
    StoredBackup backup = write(database);
    Path into = root.resolve("node/restored.sqlite");
    store.fail(4, Way.BEFORE);
    List<Long> first = new ArrayList<>();
    RequestFaults broken = store;
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() ->
            archive.fetch(
                backup,
                into,
                bytes -> {
                  first.add(bytes);
                  if (first.size() == 3) {
                    throw new IllegalStateException("enough");
                  }
                }));
    assertThat(into).doesNotExist();
    broken.fail(0, Way.BEFORE);

    List<Long> second = new ArrayList<>();
    archive = archive();
    archive.fetch(backup, into, second::add);

    assertThat(second.getFirst()).isGreaterThanOrEqualTo(first.get(1));
    assertThat(second.getLast()).isEqualTo(backup.storedBytes());
    assertThat(Files.readAllBytes(into)).isEqualTo(database.bytes());
    List<Long> third = new ArrayList<>();
    archive.fetch(backup, into, third::add);
    assertThat(third).containsExactly(backup.storedBytes());
  }

  /** What is told as verified is the start of the file, and comes while the rest is missing. */
  @Test
  void tellsHowMuchOfTheStartIsThere() throws IOException {
    TestDatabase database = TestDatabase.random(400, 12);
    write(database);
    // The newest is told by two packs: the second one holds a chunk in the middle.
    StoredBackup backup = write(database.set(200 * CHUNK, (byte) 7));
    byte[] expected = database.bytes();
    List<Long> told = new ArrayList<>();

    archive.fetch(
        backup,
        root.resolve("node/restored.sqlite"),
        new FetchProgress() {
          @Override
          public void fetched(long storedBytes) {}

          @Override
          public void verified(Path file, long bytes) {
            told.add(bytes);
            try (InputStream in = Files.newInputStream(file)) {
              assertThat(in.readNBytes((int) bytes))
                  .isEqualTo(Arrays.copyOf(expected, (int) bytes));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });

    assertThat(told).isSorted().doesNotHaveDuplicates().endsWith((long) expected.length);
    assertThat(told).as("before all is there").hasSizeGreaterThan(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"changed", "cut", "gone"})
  void neverHandsOutADamagedBackupAndHasTheOneBefore(String how) throws IOException {
    TestDatabase database = TestDatabase.random(5, 10);
    write(database);
    byte[] older = database.bytes();
    StoredBackup newest = write(database.set(3 * CHUNK, (byte) 3));
    Path pack = files("packs").getLast();
    switch (how) {
      case "changed" -> flip(pack, 1000);
      case "cut" -> Files.write(pack, java.util.Arrays.copyOf(Files.readAllBytes(pack), 1000));
      default -> Files.delete(pack);
    }
    Path into = root.resolve("node/restored.sqlite");

    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(newest, into, _ -> {}))
        .withMessageContaining(pack.getFileName().toString());

    assertThat(into).doesNotExist();
    StoredBackup before = archive.before(newest).orElseThrow();
    assertThat(fetched(before)).isEqualTo(older);
    assertThat(archive.covers(before)).isFalse();
    assertThat(archive.before(before)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gone", "cut", "noted"})
  void sendsAgainWhatWasInAPackThatCannotBeReliedOn(String how) throws IOException {
    TestDatabase database = TestDatabase.random(20, 10);
    write(database);
    StoredBackup newest = write(database.set(3 * CHUNK, (byte) 3));
    Path pack = files("packs").getFirst();
    switch (how) {
      case "gone" -> Files.delete(pack);
      case "cut" -> Files.write(pack, java.util.Arrays.copyOf(Files.readAllBytes(pack), 1000));
      default -> {
        flip(pack, 100_000);
        assertThatExceptionOfType(CorruptBackupException.class)
            .isThrownBy(() -> archive.fetch(newest, root.resolve("node/x"), _ -> {}))
            .satisfies(archive::markDamaged);
      }
    }
    archive = archive();

    StoredBackup next = write(database.set(4 * CHUNK, (byte) 4));

    assertThat(next.key()).contains(".full.");
    assertThat(fetched(next)).isEqualTo(database.bytes());
    assertThat(fetched(write(database.set(5 * CHUNK, (byte) 4)))).isEqualTo(database.bytes());
  }

  @Test
  void takesWhatWasDamagedOnItsWayForGood() throws IOException {
    TestDatabase database = TestDatabase.random(20, 10);
    StoredBackup backup = write(database);

    store.flipNextRange();
    assertThat(fetched(backup)).isEqualTo(database.bytes());
    assertThat(fetched(backup)).isEqualTo(database.bytes());
  }

  @Test
  void fetchesAgainWhatHasBeenMended() throws IOException {
    TestDatabase database = TestDatabase.random(20, 10);
    StoredBackup backup = write(database);
    Path pack = files("packs").getFirst();
    byte[] content = Files.readAllBytes(pack);
    Files.delete(pack);
    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(backup, root.resolve("node/x"), _ -> {}))
        .withMessageContaining("is gone");

    Files.write(pack, content);
    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(backup, root.resolve("node/x"), _ -> {}))
        .withMessageContaining("as was found before");
    assertThat(fetched(archive.latest().orElseThrow())).isEqualTo(database.bytes());
  }

  @Test
  void asksOnlyOnceForWhatIsBadInManyBackups() throws IOException {
    TestDatabase database = TestDatabase.random(20, 10);
    write(database);
    for (int i = 0; i < 5; i++) {
      write(database.set((10L + i) * CHUNK, (byte) 3));
    }
    Files.delete(files("packs").getFirst());
    store.fail(0, Way.BEFORE);

    Optional<StoredBackup> next = archive.latest();
    while (next.isPresent()) {
      StoredBackup backup = next.get();
      assertThatExceptionOfType(CorruptBackupException.class)
          .isThrownBy(() -> archive.fetch(backup, root.resolve("node/x"), _ -> {}));
      next = archive.before(backup);
    }

    assertThat(store.asked().lines().filter(line -> line.contains("GET db/packs/")).count())
        .isLessThan(8);
  }

  @Test
  void takesAPackThatEndsBeforeAChunkBeginsForDamaged() throws IOException {
    TestDatabase database = TestDatabase.random(200, 10);
    StoredBackup backup = write(database);
    Path pack = files("packs").getLast();
    Files.write(pack, java.util.Arrays.copyOf(Files.readAllBytes(pack), 1000));

    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(backup, root.resolve("node/x"), _ -> {}))
        .withMessageContaining(pack.getFileName().toString())
        .withMessageContaining("too short");
  }

  @Test
  void restoresTheOneBeforeAManifestThatIsDamaged() throws IOException {
    TestDatabase database = TestDatabase.random(5, 10);
    write(database);
    byte[] older = database.bytes();
    StoredBackup newest = write(database.set(3 * CHUNK, (byte) 3));
    flip(root.resolve("store/" + newest.key()), 40);

    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(newest, root.resolve("node/x"), _ -> {}));

    assertThat(fetched(archive.before(newest).orElseThrow())).isEqualTo(older);
  }

  @Test
  void hasABackupWithoutItsPointer() throws IOException {
    TestDatabase database = TestDatabase.random(5, 11);
    write(database);
    write(database.set(1, (byte) 1));
    Files.delete(root.resolve("store/db/latest.json"));

    assertThat(archive.latest()).isEmpty();
    assertThat(fetched(archive.toRestore().orElseThrow())).isEqualTo(database.bytes());

    archive = archive();
    StoredBackup next = write(database.set(2, (byte) 2));
    assertThat(next.addedBytes()).isLessThan(2 * CHUNK);
    assertThat(archive.latest().orElseThrow().etag()).isEqualTo(next.etag());
  }

  @Test
  void hasABackupBesideAPointerThatMakesNoSense() throws IOException {
    TestDatabase database = TestDatabase.random(5, 11);
    write(database);
    Files.writeString(root.resolve("store/db/latest.json"), "{\"format\":1}");

    StoredBackup pointed = archive.toRestore().orElseThrow();

    assertThat(pointed.manifest().clusterId()).isNull();
    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.fetch(pointed, root.resolve("node/x"), _ -> {}));
    assertThat(fetched(archive.before(pointed).orElseThrow())).isEqualTo(database.bytes());
    archive = archive();
    assertThat(fetched(write(database.set(2, (byte) 2)))).isEqualTo(database.bytes());
  }

  @Test
  void refusesALaterFormat() throws IOException {
    TestDatabase database = TestDatabase.random(2, 11);
    write(database);
    Path pointer = root.resolve("store/db/latest.json");
    String text = Files.readString(pointer);
    Files.writeString(pointer, text.replace("\"format\":1", "\"format\":2"));

    StoredBackup pointed = archive.latest().orElseThrow();

    assertThat(pointed.manifest().sha256()).isNull();
  }

  @Test
  void putsThePointerLast() throws IOException {
    TestDatabase database = TestDatabase.random(2, 11);
    write(database);
    // The first one that goes on from another looks at the packs.
    write(database.set(0, (byte) 1));
    store.fail(0, Way.BEFORE);
    write(database.set(1, (byte) 1));

    assertThat(store.asked().lines().filter(line -> line.startsWith("PUT")))
        .satisfiesExactly(
            line -> assertThat(line).contains("/packs/"),
            line -> assertThat(line).contains("/manifests/"),
            line -> assertThat(line).endsWith("/latest.json"));
    assertThat(store.asked()).doesNotContain("LIST");
  }

  @Test
  void takesTheHighestWhereAStoreKeepsNoConditions() throws IOException {
    store.ignoreConditions();
    TestDatabase database = TestDatabase.random(4, 11);
    StoredBackup first = write(database);
    String old = Files.readString(root.resolve("store/db/latest.json"));
    StoredBackup second = write(database.set(1, (byte) 1));
    assertThat(old).contains("\"conditional\":false");
    assertThat(archive.latest().orElseThrow().key()).isEqualTo(second.key());

    // A leader that was deposed and had a request on its way.
    Files.writeString(root.resolve("store/db/latest.json"), old);

    archive = archive();
    StoredBackup found = archive.latest().orElseThrow();
    assertThat(found.key()).isEqualTo(second.key()).isNotEqualTo(first.key());
    assertThat(fetched(archive.toRestore().orElseThrow())).isEqualTo(database.bytes());
    assertThat(fetched(write(database.set(2, (byte) 2)))).isEqualTo(database.bytes());
  }

  /** Ids and lists tell the second, manifests the rest. */
  @Test
  void findsAPointByATimeToTheFraction() throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    String first = made(database, "2026-11-24T06:15:07.250Z");
    String second = made(database.set(5, (byte) 1), "2026-11-24T06:15:07.750Z");

    assertThat(at("2026-11-24T06:15:07Z")).isEqualTo(second);
    assertThat(at("2026-11-24T06:15:07.250Z")).isEqualTo(first);
    assertThat(at("2026-11-24T06:15:07.749Z")).isEqualTo(first);
    assertThat(at("2026-11-24T06:15:07.75Z")).isEqualTo(second);
    assertThatExceptionOfType(NoSuchPointException.class)
        .isThrownBy(() -> at("2026-11-24T06:15:07.249Z"));
  }

  private String at(String time) {
    StoredBackup found = archive.find(RestorePoint.parse("time:" + time)).orElseThrow();
    return archive.idOf(found).orElseThrow();
  }

  private String made(TestDatabase database, String time) throws IOException {
    PutCondition condition =
        archive
            .latest()
            .<PutCondition>map(backup -> new PutCondition.IfMatch(backup.etag()))
            .orElse(new PutCondition.IfAbsent());
    TestDatabase.Source source = database.source();
    BackupManifest manifest = database.manifest(archive.digest(source), Instant.parse(time));
    return archive.idOf(archive.write(manifest, condition, source)).orElseThrow();
  }

  /** Puts an archive there that an earlier version wrote. */
  static void copyGolden(String name, Path place) throws IOException {
    Path golden = Path.of("src/test/resources/manifests/v1", name);
    try (var files = Files.walk(golden)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = place.resolve(golden.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
  }

  /** Golden files: an archive of two backups as the first version of the format wrote it. */
  @Test
  void readsWhatVersionOneWrote() throws IOException {
    copyGolden("archive", root.resolve("store/db"));
    byte[] bytes = new byte[2 * CHUNK + 4096];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i >> 10);
    }
    byte[] later = bytes.clone();
    System.arraycopy(new byte[] {1, 2, 3}, 0, later, 70_000, 3);

    StoredBackup newest = archive.toRestore().orElseThrow();
    assertThat(fetched(newest)).isEqualTo(later);
    assertThat(fetched(archive.before(newest).orElseThrow())).isEqualTo(bytes);
    assertThat(newest.manifest())
        .isEqualTo(new TestDatabase(bytes).set(0, (byte) 0).manifest(newest.manifest().sha256()));
  }

  /** Every restore point is exactly the database that it was made of, whatever happened since. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void keepsEveryRestorePointOfARandomHistory(long seed) throws IOException {
    Random chance = new Random(seed);
    TestDatabase database = TestDatabase.random(1 + chance.nextInt(20), seed);
    Map<StoredBackup, byte[]> history = new LinkedHashMap<>();
    for (int step = 0; step < 60; step++) {
      switch (chance.nextInt(10)) {
        case 0 -> database.resize(512 * (1 + chance.nextInt(128 * 24)));
        case 1 -> {
          database.elsewhere();
          archive = archive();
        }
        case 2 -> database.newGeneration("generation-" + step);
        case 3 -> archive = archive();
        default -> {
          byte[] piece = new byte[1 + chance.nextInt(Math.min(70_000, database.bytes().length))];
          if (chance.nextBoolean()) {
            chance.nextBytes(piece);
          }
          database.set(chance.nextInt(database.bytes().length - piece.length + 1), piece);
        }
      }
      if (chance.nextInt(3) > 0) {
        history.put(write(database), database.bytes());
      }
    }
    for (Map.Entry<StoredBackup, byte[]> entry : history.entrySet()) {
      assertThat(fetched(entry.getKey())).isEqualTo(entry.getValue());
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 0x55;
    Files.write(file, bytes);
  }

  @Test
  void keepsItsLineageMarker() {
    assertThat(archive.lineageMarker()).isEmpty();
    archive.writeLineageMarker("cluster");
    assertThat(archive.lineageMarker()).contains("cluster");
  }

  @Test
  void writesOnlyUnderItsPrefix() throws IOException {
    write(TestDatabase.random(2, 1));
    archive.writeLineageMarker("cluster");

    assertThat(store.list("").stream().map(ObjectInfo::key))
        .allSatisfy(key -> assertThat(key).startsWith("db/"));
    try (InputStream in = store.get("db/latest.json", 0, null)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("{\"format\":1,\"manifest\":\"000001-generati-00000003-");
    }
  }
}
