package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One archive over time, and whether all that was written there is as it was. */
final class ArchiveStory {

  private static final RetentionPolicy ONLY_NEWEST =
      new RetentionPolicy(Duration.ZERO, 0, 0, 0, 0, 1);

  private final WrittenTimes times;
  private final String prefix;
  private final Path folder;
  private final int chunks;
  private final TestDatabase database;
  private final Random random = new Random(7);
  private final Map<String, byte[]> written = new HashMap<>();

  /** What the restore points that appear next may hold. */
  private final List<byte[]> tried = new ArrayList<>();

  private ChunkedArchive archive;
  private byte[] newest = {};
  private int generations = 1;

  /**
   * @param chunks of the database
   * @param folder for what is restored
   */
  ArchiveStory(ObjectStore store, String prefix, int chunks, Path folder) {
    this.times = new WrittenTimes(store);
    this.prefix = prefix;
    this.chunks = chunks;
    this.folder = folder;
    this.database = TestDatabase.random(chunks, 1);
    this.archive = opened();
  }

  private ChunkedArchive opened() {
    return new ChunkedArchive(
        times, prefix, "x/db/", "/x/db/", 3, EncryptionKeys.NONE, random, _ -> {});
  }

  /** Another process goes on, on another node. */
  ArchiveStory restart() {
    archive = opened();
    var _ = database.elsewhere();
    return this;
  }

  ArchiveStory change(int chunk) {
    byte[] piece = new byte[100];
    random.nextBytes(piece);
    var _ = database.set((long) chunk * ChunkTable.CHUNK_BYTES, piece);
    return this;
  }

  /** Nothing of the database is as it was, nor are the chunks that later backups may refer to. */
  ArchiveStory newGeneration() {
    for (int chunk = 0; chunk < chunks; chunk++) {
      var _ = change(chunk);
    }
    var _ = database.newGeneration("generation-" + ++generations);
    return this;
  }

  ArchiveStory advance(Duration by) {
    times.advance(by);
    return this;
  }

  byte[] database() {
    return database.bytes();
  }

  /** What the last backup holds that was told to be there. */
  byte[] newest() {
    return newest;
  }

  /** A round of backups that looks at the place first, as one does after trouble. */
  StoredBackup interval() throws IOException {
    StoredBackup there = archive.latest().orElse(null);
    if (there != null && archive.digest(database.source()).equals(there.manifest().sha256())) {
      return told(there);
    }
    return write(there);
  }

  /** A backup over the one that was seen before. */
  StoredBackup write(@Nullable StoredBackup there) throws IOException {
    PutCondition condition =
        there == null ? new PutCondition.IfAbsent() : new PutCondition.IfMatch(there.etag());
    TestDatabase.Source source = database.source();
    BackupManifest manifest = database.manifest(archive.digest(source), times.now());
    tried.add(database.bytes());
    return told(archive.write(manifest, condition, source));
  }

  private StoredBackup told(StoredBackup made) {
    newest = database.bytes();
    written.put(archive.idOf(made).orElseThrow(), newest);
    return made;
  }

  /** Whether a backup was tried more than once. */
  boolean triedAgain() {
    return tried.size() > 1;
  }

  /** The etag of the pointer to the newest backup. */
  String pointer() {
    return opened().latest().orElseThrow().etag();
  }

  /** By a process that has not read anything yet. */
  PruneReport prune() {
    return opened().prune(ONLY_NEWEST, times.now(), false);
  }

  int sweep() {
    return archive.sweep();
  }

  /** The database that a fresh cluster would have, an empty one where there is no backup. */
  byte[] restored() throws IOException {
    return restored(folder.resolve("restored.sqlite"));
  }

  byte[] restored(Path into) throws IOException {
    StoredBackup newest = opened().toRestore().orElse(null);
    return newest == null ? new byte[0] : fetched(newest, into);
  }

  private byte[] fetched(StoredBackup backup, Path into) throws IOException {
    var _ = opened().fetch(backup, into, _ -> {});
    byte[] bytes = Files.readAllBytes(into);
    Files.delete(into);
    return bytes;
  }

  private ManifestStore manifests() {
    return new ManifestStore(times, prefix, 3, EncryptionKeys.NONE);
  }

  /** Every restore point that was ever seen is there. */
  void nothingIsLost() {
    assertThat(names()).containsAll(written.keySet());
  }

  /** A restore point that has appeared is whole and holds what was tried to write. */
  void everyNewPointIsWhole() throws IOException {
    for (BackupId id : manifests().ids()) {
      if (!written.containsKey(id.name())) {
        byte[] content = fetched(id);
        assertThat(content).as(id.name()).isIn(tried);
        written.put(id.name(), content);
      }
    }
  }

  /** Every restore point is whole and holds what it did when it was made. */
  void everyPointIsWhole() throws IOException {
    for (BackupId id : manifests().ids()) {
      assertThat(fetched(id)).as(id.name()).isEqualTo(written.get(id.name()));
    }
  }

  private byte[] fetched(BackupId id) throws IOException {
    StoredBackup backup =
        new StoredBackup(
            database.manifest(null), manifests().manifestKey(id), "", null, 0, times.now());
    return fetched(backup, folder.resolve("point.sqlite"));
  }

  /** Names of all manifests and packs. */
  Set<String> objects() {
    Set<String> objects = new HashSet<>(manifests().packSizes().keySet());
    objects.addAll(names());
    return objects;
  }

  Set<String> names() {
    return manifests().ids().stream().map(BackupId::name).collect(Collectors.toSet());
  }

  /** Packs that no restore point needs. */
  List<String> orphans() {
    ManifestStore manifests = manifests();
    Set<String> named = new HashSet<>();
    for (BackupId id : manifests.ids()) {
      manifests.load(id, null).table().packList().forEach(pack -> named.add(pack.name()));
    }
    return manifests.packSizes().keySet().stream().filter(name -> !named.contains(name)).toList();
  }
}
