package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ArchivePrunerTests")
class ArchivePrunerTests {

  private static final int CHUNK = ChunkTable.CHUNK_BYTES;
  private static final RetentionPolicy ONLY_NEWEST =
      new RetentionPolicy(Duration.ZERO, 0, 0, 0, 0, 1);

  @TempDir Path root;
  private WrittenTimes times = new WrittenTimes(ChunkedArchiveTests.directory(Path.of("nowhere")));
  private RequestFaults store = new RequestFaults(times);
  private String prefix = "db/";
  private final Random random = new Random(7);
  private EncryptionKeys keys = EncryptionKeys.NONE;
  private ChunkedArchive archive = archive();

  private TestDatabase database = TestDatabase.random(6, 1);
  private String generation = "generation-1";
  private long term = 5;
  private long index = 100;

  /** What every backup that was ever written holds. */
  private final Map<String, byte[]> written = new HashMap<>();

  private final Set<String> gone = new HashSet<>();

  @BeforeEach
  void open() throws IOException {
    Files.createDirectory(root.resolve("store"));
    Files.createDirectory(root.resolve("node"));
    times = new WrittenTimes(ChunkedArchiveTests.directory(root.resolve("store")));
    store = new RequestFaults(times);
    archive = archive();
  }

  /** As another process has it. */
  private ChunkedArchive archive() {
    return new ChunkedArchive(store, prefix, "file:x/db/", "file:/x/db/", 3, keys, random, _ -> {});
  }

  // --- a history ---

  private String write() throws IOException {
    return write(database.source());
  }

  private String write(TestDatabase.Source source) throws IOException {
    Set<String> before = ids();
    try {
      PutCondition condition =
          archive
              .latest()
              .<PutCondition>map(backup -> new PutCondition.IfMatch(backup.etag()))
              .orElse(new PutCondition.IfAbsent());
      String digest = archive.digest(source);
      BackupManifest head = source.database().manifest(digest);
      var _ =
          archive.write(
              new BackupManifest(
                  head.clusterId(),
                  generation,
                  term,
                  index,
                  digest,
                  head.sizeBytes(),
                  false,
                  head.members(),
                  head.sqliteVersion(),
                  head.liferaftVersion(),
                  times.now()),
              condition,
              source);
    } finally {
      for (String id : ids()) {
        if (!before.contains(id)) {
          written.put(id, database.bytes());
        }
      }
    }
    return ids().stream().filter(id -> !before.contains(id)).findFirst().orElseThrow();
  }

  /** Of a leader that is deposed in the middle of it. */
  private String leaveBehind() throws IOException {
    Set<String> before = ids();
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(
            () -> write(database.source().failBeforeVisible(new IOException("not confirmed"))));
    archive = archive();
    return ids().stream().filter(id -> !before.contains(id)).findFirst().orElseThrow();
  }

  private void change(int chunk) {
    index++;
    byte[] piece = new byte[100];
    random.nextBytes(piece);
    database.set((long) chunk * CHUNK, piece);
  }

  private String changeAndWrite(int chunk) throws IOException {
    change(chunk);
    return write();
  }

  private void newGeneration() {
    generation = "generation-" + (written.size() + 2);
  }

  private List<BackupId> manifests() {
    return new ManifestStore(times, prefix, 3, EncryptionKeys.NONE).ids();
  }

  private Set<String> ids() {
    return manifests().stream().map(BackupId::name).collect(Collectors.toSet());
  }

  private String newest() {
    return archive.list().stream()
        .filter(ListedBackup::newest)
        .map(ListedBackup::id)
        .findFirst()
        .orElseThrow();
  }

  private PruneReport prune(RetentionPolicy policy) {
    return archive.prune(policy, times.now(), false);
  }

  private List<String> packs() throws IOException {
    try (var files = Files.list(root.resolve("store/" + prefix + "packs"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".pack"))
          .sorted()
          .toList();
    }
  }

  /** Every restore point that is left is the database that it was made of. */
  private void everythingLeftIsWhole() throws IOException {
    Set<String> left = ids();
    assertThat(written.keySet()).containsAll(left);
    assertThat(left.stream().filter(gone::contains)).isEmpty();
    written.keySet().stream().filter(id -> !left.contains(id)).forEach(gone::add);
    for (BackupId id : manifests()) {
      assertThat(fetched(id)).as(id.name()).isEqualTo(written.get(id.name()));
    }
  }

  private byte[] fetched(BackupId id) throws IOException {
    Path into = Files.createTempFile(root.resolve("node"), "fetched", ".sqlite");
    Files.delete(into);
    String key = new ManifestStore(times, prefix, 3, EncryptionKeys.NONE).manifestKey(id);
    BackupManifest head = database.manifest(null);
    var _ = archive().fetch(new StoredBackup(head, key, "", null, 0, times.now()), into, _ -> {});
    byte[] bytes = Files.readAllBytes(into);
    Files.delete(into);
    return bytes;
  }

  // --- what goes and what stays ---

  @Test
  void deletesNothingWithoutAPointer() throws IOException {
    assertThat(prune(ONLY_NEWEST).problem()).contains("latest.json");
    write();
    changeAndWrite(1);
    times.advance(Duration.ofDays(2));
    changeAndWrite(2);
    Path pointer = root.resolve("store/db/latest.json");
    byte[] content = Files.readAllBytes(pointer);

    Files.writeString(pointer, "{\"format\":1}");
    PruneReport unreadable = prune(ONLY_NEWEST);
    Files.delete(pointer);
    PruneReport missing = prune(ONLY_NEWEST);
    Files.write(pointer, content);

    assertThat(unreadable.problem()).contains("latest.json", "is damaged");
    assertThat(missing.problem()).contains("latest.json");
    assertThat(ids()).hasSize(3);
    assertThat(packs()).hasSize(3);
  }

  @Test
  void deletesNothingWhenTheNewestIsNotThere() throws IOException {
    write();
    newGeneration();
    times.advance(Duration.ofDays(2));
    String newest = changeAndWrite(2);
    Files.delete(root.resolve("store/db/manifests/" + newest + ".full.json.zst"));

    assertThat(prune(ONLY_NEWEST).problem()).contains("the newest backup is not there");

    assertThat(ids()).hasSize(1);
    assertThat(packs()).hasSize(2);
  }

  @Test
  void deletesWhatNobodyNeedsAndTellsIt() throws IOException {
    String first = write();
    String second = changeAndWrite(1);
    newGeneration();
    String third = changeAndWrite(2);
    times.advance(Duration.ofHours(2));
    String fourth = changeAndWrite(3);

    PruneReport plan = archive.prune(ONLY_NEWEST, times.now(), true);
    assertThat(plan.dryRun()).isTrue();
    assertThat(ids()).hasSize(4);
    PruneReport report = prune(ONLY_NEWEST);

    assertThat(report.backups()).containsExactly(second, first).isEqualTo(plan.backups());
    assertThat(report.packs()).isEmpty();
    assertThat(report.kept()).isEqualTo(2);
    assertThat(report.more()).isFalse();
    assertThat(report.problem()).isNull();
    assertThat(ids()).containsExactlyInAnyOrder(third, fourth);
    everythingLeftIsWhole();
    assertThat(prune(ONLY_NEWEST).backups()).isEmpty();
  }

  @Test
  void deletesPacksOfWhichNothingIsInUse() throws IOException {
    write();
    String base = ids().iterator().next();
    for (int chunk = 0; chunk < 6; chunk++) {
      changeAndWrite(chunk);
    }
    newGeneration();
    String next = changeAndWrite(0);
    times.advance(Duration.ofHours(2));
    String newest = changeAndWrite(1);

    PruneReport report = prune(ONLY_NEWEST);

    assertThat(report.packs()).isNotEmpty().anyMatch(pack -> pack.startsWith(base));
    assertThat(report.packBytes()).isGreaterThan(6L * CHUNK);
    assertThat(ids()).containsExactlyInAnyOrder(next, newest);
    assertThat(packs()).hasSizeLessThan(9);
    everythingLeftIsWhole();
  }

  /** As a process has it that writes with one key and can read what others wrote. */
  private void takeKeys(String current, String... ids) {
    Map<String, KeySource> sources = new HashMap<>();
    for (String id : ids) {
      sources.put(id, new KeySource.InEnvironment(id));
    }
    keys = new EncryptionKeys(current, sources, name -> name.substring(1).repeat(64), null);
    archive = archive();
  }

  @Test
  void deletesMostlyDeadPacksOfAnEncryptedArchiveWithWhatWasInUseSentAgain() throws IOException {
    database = TestDatabase.random(10, 1);
    takeKeys("k1", "k1");
    String first = write();
    String pinned = changeAndWrite(0);
    for (int chunk = 1; chunk < 8; chunk++) {
      changeAndWrite(chunk);
    }
    archive.pin(pinned);
    takeKeys("k2", "k1", "k2");
    String whole = changeAndWrite(8);
    times.advance(Duration.ofHours(2));
    String newest = changeAndWrite(0);

    PruneReport report = prune(ONLY_NEWEST);

    assertThat(report.packs()).noneMatch(pack -> pack.startsWith(first));
    assertThat(ids()).containsExactlyInAnyOrder(first, pinned, whole, newest);
    everythingLeftIsWhole();

    archive.unpin(pinned);
    report = prune(ONLY_NEWEST);

    assertThat(report.packs()).anyMatch(pack -> pack.startsWith(first));
    assertThat(ids()).containsExactlyInAnyOrder(whole, newest);
    takeKeys("k2", "k2");
    everythingLeftIsWhole();
  }

  @Test
  void deletesNothingThatIsYoungByTheStoresClock() throws IOException {
    write();
    changeAndWrite(1);
    newGeneration();
    changeAndWrite(1);
    times.advance(Duration.ofMinutes(59));
    changeAndWrite(2);

    assertThat(archive.prune(ONLY_NEWEST, Instant.parse("2099-01-01T00:00:00Z"), false).backups())
        .isEmpty();

    times.advance(Duration.ofMinutes(2));
    changeAndWrite(3);
    assertThat(prune(ONLY_NEWEST).backups()).hasSize(2);
    everythingLeftIsWhole();
  }

  @Test
  void keepsAPinUntilItIsLetGo() throws IOException {
    String first = write();
    newGeneration();
    times.advance(Duration.ofHours(2));
    changeAndWrite(1);
    archive.pin(first);

    assertThat(prune(ONLY_NEWEST).backups()).isEmpty();
    assertThat(archive.list()).filteredOn(ListedBackup::pinned).hasSize(1);
    everythingLeftIsWhole();
    archive.unpin(first);
    assertThat(archive.list()).noneMatch(ListedBackup::pinned);
    assertThat(prune(ONLY_NEWEST).backups()).containsExactly(first);
  }

  @Test
  void keepsOnePointAndAllOlderOnesUntilItIsLetGo() throws IOException {
    String first = write();
    newGeneration();
    String second = changeAndWrite(1);
    String last = changeAndWrite(2);
    assertThat(archive.keepUpTo(archive.latest().orElseThrow())).startsWith(last);
    newGeneration();
    String later = changeAndWrite(3);
    String newest = changeAndWrite(4);
    newGeneration();
    times.advance(Duration.ofHours(2));
    String next = changeAndWrite(5);

    archive.pin(second);
    assertThat(archive.list())
        .filteredOn(backup -> backup.keptWith() != null)
        .extracting(ListedBackup::id, ListedBackup::pinned, ListedBackup::keptWith)
        .containsExactly(
            tuple(first, false, last), tuple(second, true, last), tuple(last, true, last));
    assertThat(archive.list()).filteredOn(ListedBackup::pinned).hasSize(2);
    assertThat(archive.keptWithOlder()).contains(last);
    archive.unpin(second);
    assertThat(prune(ONLY_NEWEST).backups()).containsExactlyInAnyOrder(later, newest);
    assertThat(ids()).containsExactlyInAnyOrder(first, second, last, next);
    everythingLeftIsWhole();

    refusesToDelete(first, "is pinned");
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.unpin(second))
        .withMessageContaining("unpin that one")
        .withMessageContaining(last);
    archive.unpin(last);

    assertThat(archive.list()).noneMatch(ListedBackup::pinned);
    assertThat(prune(ONLY_NEWEST).backups()).containsExactlyInAnyOrder(first, second, last);
    everythingLeftIsWhole();
  }

  /** Another cluster goes on here, or this one that was restored from somewhere else. */
  @Test
  void whatWasPreservedOutlivesTheHistoryOfAnotherCluster() throws IOException {
    write();
    String theirs = changeAndWrite(1);
    String kept = archive.preserve(archive.latest().orElseThrow());
    newGeneration();
    changeAndWrite(2);
    times.advance(Duration.ofDays(900));
    String newest = changeAndWrite(3);
    times.advance(Duration.ofHours(2));

    assertThat(kept).contains(theirs);
    assertThat(prune(ONLY_NEWEST).problem()).isNull();
    assertThat(ids()).contains(theirs, newest);
    everythingLeftIsWhole();
  }

  @Test
  void preservesTheNewestThatIsThereWhenThePointerIsOfNoUse() throws IOException {
    String newest = write();
    Files.writeString(root.resolve("store/db/latest.json"), "{\"format\":1}");

    var _ = archive.preserve(archive.latest().orElseThrow());

    assertThat(archive.list())
        .filteredOn(ListedBackup::pinned)
        .extracting(ListedBackup::id)
        .containsExactly(newest);
  }

  @Test
  void pinsOnlyWhatIsThere() throws IOException {
    write();

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.pin("../x"))
        .matches(e -> e.reason() == Reason.NOT_FOUND);
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.unpin("x"))
        .matches(e -> e.reason() == Reason.NOT_FOUND);
  }

  @Test
  void deletesOneRestorePointThatNobodyNeeds() throws IOException {
    String base = write();
    String second = changeAndWrite(1);
    newGeneration();
    String pinned = changeAndWrite(2);
    newGeneration();
    String newest = changeAndWrite(3);
    archive.pin(pinned);

    refusesToDelete(base, "1 others are told against");
    refusesToDelete(pinned, "is pinned");
    refusesToDelete(newest, "is the newest");
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.delete("x"))
        .matches(e -> e.reason() == Reason.NOT_FOUND);
    archive.delete(second);
    archive.delete(base);

    assertThat(ids()).containsExactlyInAnyOrder(pinned, newest);
    everythingLeftIsWhole();
  }

  private void refusesToDelete(String id, String why) {
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.delete(id))
        .withMessageContaining(why)
        .matches(e -> e.reason() == Reason.CONFIGURATION);
    assertThat(ids()).contains(id);
  }

  @Test
  void thinsOutWhatLiesAboveThePointerAsAHistoryOfItsOwn() throws IOException {
    write();
    long then = index;
    index += 1000;
    List<String> above = new ArrayList<>();
    for (int n = 0; n < 3; n++) {
      change(n);
      above.add(leaveBehind());
    }
    index = then;
    changeAndWrite(4);

    assertThat(prune(ONLY_NEWEST).backups()).as("young").isEmpty();
    times.advance(Duration.ofHours(2));
    String newest = changeAndWrite(5);
    assertThat(prune(ONLY_NEWEST).backups()).contains(above.get(0), above.get(1));

    assertThat(ids()).contains(above.get(2), newest);
    assertThat(newest()).isEqualTo(newest);
    everythingLeftIsWhole();
  }

  /** Of a store without conditions: a deposed leader's request has put an older pointer back. */
  @Test
  void keepsTheHighestWhereThePointerMayBeAnOldOne() throws IOException {
    store.ignoreConditions();
    write();
    Path pointer = root.resolve("store/db/latest.json");
    byte[] old = Files.readAllBytes(pointer);
    changeAndWrite(1);
    times.advance(Duration.ofHours(2));
    String highest = changeAndWrite(2);
    Files.write(pointer, old);
    times.advance(Duration.ofHours(2));

    PruneReport _ = prune(ONLY_NEWEST);

    assertThat(ids()).contains(highest);
    everythingLeftIsWhole();
  }

  /** Term and index start over: going by the names, a backup refers to packs of later ones. */
  @Test
  void keepsWhatIsNeededWhenDisksWereSetBack() throws IOException {
    database = TestDatabase.random(120, 1);
    write();
    String far = "";
    for (int n = 1; n < 4; n++) {
      far = changeAndWrite(n);
    }
    term = 2;
    index = 50;
    database.elsewhere();
    archive = archive();
    times.advance(Duration.ofHours(2));
    String back = changeAndWrite(5);
    assertThat(back).isLessThan(far);
    archive.pin(back);

    assertThat(prune(ONLY_NEWEST).backups()).hasSize(2);
    assertThat(ids()).contains(back, far);
    everythingLeftIsWhole();

    term = 7;
    index = 200;
    for (int n = 0; n < 6; n++) {
      change(n);
    }
    newGeneration();
    write();
    times.advance(Duration.ofHours(2));
    changeAndWrite(5);
    assertThat(prune(ONLY_NEWEST).backups()).containsExactly(far);
    assertThat(ids()).contains(back);
    everythingLeftIsWhole();
  }

  /** Manifests first: going by the times, every pack was written after them. */
  @Test
  void keepsWhatIsNeededWhenAnArchiveWasCopied() throws IOException {
    database = TestDatabase.random(120, 1);
    write();
    changeAndWrite(1);
    String pinned = changeAndWrite(2);
    archive.pin(pinned);
    for (int n = 0; n < 6; n++) {
      change(n);
    }
    newGeneration();
    write();
    times.rewritten("db/manifests/");
    times.advance(Duration.ofHours(2));
    times.rewritten("db/packs/");
    times.advance(Duration.ofHours(2));
    changeAndWrite(5);

    assertThat(prune(ONLY_NEWEST).backups()).hasSize(1);

    assertThat(ids()).contains(pinned);
    everythingLeftIsWhole();
  }

  @Test
  void deletesNoPackWhenAFullManifestCannotBeRead() throws IOException {
    database = TestDatabase.random(120, 1);
    String first = write();
    times.advance(Duration.ofMinutes(2));
    List<String> told = new ArrayList<>();
    for (int chunk = 0; chunk < 4; chunk++) {
      told.add(changeAndWrite(chunk));
    }
    newGeneration();
    for (int chunk = 0; chunk < 6; chunk++) {
      change(chunk);
    }
    changeAndWrite(0);
    times.advance(Duration.ofHours(2));
    changeAndWrite(1);
    archive.pin(first);
    Path manifest = root.resolve("store/db/manifests/" + first + ".full.json.zst");
    byte[] content = Files.readAllBytes(manifest);
    int packs = packs().size();

    Files.write(manifest, new byte[] {1, 2, 3});
    PruneReport report = prune(ONLY_NEWEST);

    assertThat(report.problem()).contains("No pack", first, "is damaged");
    assertThat(report.backups()).containsExactlyElementsOf(told);
    assertThat(packs()).hasSize(packs);
    Files.write(manifest, content);
    PruneReport next = prune(ONLY_NEWEST);
    assertThat(next.problem()).isNull();
    assertThat(next.packs()).isNotEmpty();
    everythingLeftIsWhole();
  }

  @Test
  void leavesWhatItDoesNotKnow() throws IOException {
    write();
    newGeneration();
    times.advance(Duration.ofHours(2));
    changeAndWrite(1);
    Path stranger = root.resolve("store/db/packs/x.pack");
    Files.writeString(stranger, "x");
    Files.writeString(root.resolve("store/db/manifests/y.json.zst"), "y");

    prune(ONLY_NEWEST);

    assertThat(stranger).exists();
    assertThat(root.resolve("store/db/manifests/y.json.zst")).exists();
  }

  // --- whatever happens ---

  /** After each prune of a random history what is left is whole, and what went stays away. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void keepsEveryRestorePointThatIsLeftWhole(long seed) throws IOException {
    Random chance = new Random(seed);
    database = TestDatabase.random(2 + chance.nextInt(12), seed);
    byte[] before = database.bytes();
    int pruned = 0;
    int packs = 0;
    for (int step = 0; step < 70; step++) {
      times.advance(Duration.ofSeconds(1 + chance.nextInt(chance.nextBoolean() ? 60 : 9000)));
      index += chance.nextInt(3);
      switch (chance.nextInt(14)) {
        case 0 -> database.resize(512 * (1 + chance.nextInt(128 * 16)));
        case 1 -> {
          term++;
          database.elsewhere();
          archive = archive();
        }
        case 2 -> newGeneration();
        case 3 -> {
          term = Math.max(1, term - 2);
          index = Math.max(1, index - 20);
          database = new TestDatabase(before);
          archive = archive();
        }
        case 4 -> {
          change(0);
          leaveBehind();
        }
        default -> change(chance.nextInt(Math.max(1, database.bytes().length / CHUNK)));
      }
      if (chance.nextInt(8) == 0) {
        before = database.bytes();
      }
      write();
      if (chance.nextInt(6) == 0) {
        RetentionPolicy policy =
            new RetentionPolicy(
                Duration.ofMinutes(chance.nextInt(120)),
                chance.nextInt(4),
                chance.nextInt(2),
                0,
                chance.nextInt(2),
                1 + chance.nextInt(3));
        PruneReport report = prune(policy);
        assertThat(report.problem()).isNull();
        assertThat(report.more()).isFalse();
        pruned += report.backups().size();
        packs += report.packs().size();
        assertThat(ids()).hasSize(report.kept());
        assertThat(report.backups()).noneMatch(ids()::contains);
        everythingLeftIsWhole();
      }
    }
    assertThat(pruned).isPositive();
    assertThat(packs).isPositive();
    assertThat(gone).hasSize(pruned);
  }
}
