package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Many backups in one place, of which each adds only the chunks that the place lacks:
 * docs/backup-format.md. Every backup is a restore point until it is pruned, and nothing but the
 * pointer is ever replaced.
 */
final class ChunkedArchive implements BackupArchive {

  private static final Logger log = LoggerFactory.getLogger(ChunkedArchive.class);

  private static final BackupManifest UNKNOWN =
      new BackupManifest(null, null, 0, 0, null, -1, false, List.of(), null, null, null);

  private final ObjectStore store;
  private final String prefix;
  private final String location;
  private final String canonical;
  private final ManifestStore manifests;
  private final ArchiveWriter writer;
  private final ArchiveFetch fetch;
  private final LineageMarker lineage;
  private final Pins pins;
  private final KeyTrial keyTrial;
  private final ArchivePruner pruner;
  private final ReentrantLock writing = new ReentrantLock();

  /**
   * @param prefix of all keys: empty, or with a slash at its end
   * @param location as configured
   * @param canonical the same for all spellings of the same place
   * @param level of zstd; 0 leaves chunks as they are
   */
  ChunkedArchive(
      ObjectStore store,
      String prefix,
      String location,
      String canonical,
      int level,
      EncryptionKeys keys,
      RandomGenerator random,
      ResumingFetch.Pause pause) {
    this.store = store;
    this.prefix = prefix;
    this.location = location;
    this.canonical = canonical;
    this.manifests = new ManifestStore(store, prefix, Math.max(1, level), keys);
    this.writer = new ArchiveWriter(store, manifests, location, level, keys, random);
    this.lineage = new LineageMarker(store, prefix + "lineage");
    this.fetch = new ArchiveFetch(store, manifests, pause);
    this.pins = new Pins(store, prefix, manifests);
    this.keyTrial = new KeyTrial(keys, manifests, location);
    this.pruner = new ArchivePruner(store, manifests, pins, location, System::nanoTime);
  }

  @Override
  public String location() {
    return location;
  }

  @Override
  public String address() {
    return canonical;
  }

  @Override
  public String fingerprint() {
    return PlainArchive.shortHash(canonical, 16);
  }

  @Override
  public List<PreflightFinding> preflight() {
    return keyTrial.run();
  }

  @Override
  public Optional<StoredBackup> latest() {
    fetch.forget();
    Optional<ManifestStore.Seen> seen;
    try {
      seen = manifests.pointer();
    } catch (CorruptBackupException e) {
      log.warn("{}", e.getMessage());
      return manifests.pointerObject().map(ChunkedArchive::unknown);
    }
    return seen.map(this::pointedAt);
  }

  private static StoredBackup unknown(ObjectInfo object) {
    return new StoredBackup(
        UNKNOWN, object.key(), object.etag(), object.versionId(), -1, object.modified());
  }

  private StoredBackup pointedAt(ManifestStore.Seen seen) {
    ObjectInfo object = seen.object();
    try {
      Pointer pointer = seen.pointer();
      Optional<BackupId> above =
          pointer.conditional()
              ? Optional.empty()
              : manifests.before(null).filter(id -> id.compareTo(pointer.id()) > 0);
      if (above.isPresent()) {
        StoredBackup highest = backup(above.get());
        return new StoredBackup(
            highest.manifest(),
            highest.key(),
            object.etag(),
            object.versionId(),
            highest.storedBytes(),
            highest.stored());
      }
      return new StoredBackup(
          pointer.head(),
          manifests.manifestKey(pointer.id()),
          object.etag(),
          object.versionId(),
          pointer.storedBytes(),
          pointer.head().created() == null ? object.modified() : pointer.head().created());
    } catch (CorruptBackupException e) {
      log.warn("{}", e.getMessage());
      return unknown(object);
    }
  }

  /** Where the pointer is missing, what lies there is a backup all the same. */
  @Override
  public Optional<StoredBackup> toRestore() {
    return latest().or(() -> newestBefore(null));
  }

  @Override
  public Optional<StoredBackup> find(RestorePoint point) {
    Optional<StoredBackup> newest = toRestore();
    if (newest.isEmpty() || point instanceof RestorePoint.Latest) {
      return newest;
    }
    BackupId found = RestorePoints.find(point, manifests.ids(), location, this::made);
    return newest
        .filter(backup -> backup.key().equals(manifests.manifestKey(found)))
        .or(() -> Optional.of(backup(found)));
  }

  @Override
  public List<ListedBackup> list() {
    Optional<BackupId> newest = latest().flatMap(backup -> manifests.idOf(backup.key()));
    Map<BackupId, ObjectInfo> packs = manifests.packObjects();
    List<BackupId> ids = manifests.ids();
    Set<String> marks = pins.marks();
    return ids.stream()
        .map(id ->
            new ListedBackup(
                id.name(),
                id.generation(),
                id.term(),
                id.changeIndex(),
                id.created(),
                packs.containsKey(id) ? packs.get(id).sizeBytes() : 0,
                newest.filter(id::equals).isPresent(),
                Pins.isPinned(id.name(), marks),
                Pins.holder(id.name(), marks).orElse(null)))
        .toList();
  }

  @Override
  public PruneReport prune(RetentionPolicy policy, Instant now, boolean dryRun) {
    return pruner.prune(policy, now, dryRun);
  }

  @Override
  public void pin(String id) {
    pins.pin(id);
  }

  @Override
  public void unpin(String id) {
    pins.unpin(id);
  }

  @Override
  public String keepUpTo(StoredBackup backup) {
    String id = requireId(backup).name();
    pins.pinWithOlder(id);
    return id + " and all older ones";
  }

  @Override
  public Optional<String> keptWithOlder() {
    return pins.withOlder();
  }

  @Override
  public void delete(String id) {
    pruner.delete(id);
  }

  @Override
  public Optional<String> idOf(StoredBackup backup) {
    return manifests.idOf(backup.key()).map(BackupId::name);
  }

  @Override
  public Inspection inspect(StoredBackup backup) {
    return new ArchiveInspection(manifests, store.location()).of(requireId(backup));
  }

  private BackupId requireId(StoredBackup backup) {
    return manifests
        .idOf(backup.key())
        .orElseThrow(() ->
            new CorruptBackupException(
                store.location() + "/" + backup.key() + " names no backup", null));
  }

  @Override
  public Optional<StoredBackup> before(StoredBackup backup) {
    return newestBefore(manifests.idOf(backup.key()).orElse(null));
  }

  private Optional<StoredBackup> newestBefore(@Nullable BackupId limit) {
    Optional<BackupId> older = manifests.before(limit);
    while (older.isPresent()) {
      BackupId id = older.get();
      try {
        return Optional.of(backup(id));
      } catch (CorruptBackupException e) {
        log.warn("{}", e.getMessage());
        older = manifests.before(id);
      }
    }
    return Optional.empty();
  }

  /** A backup by its manifest, whether the pointer names it or not. */
  private StoredBackup backup(BackupId id) {
    ArchiveManifest manifest = manifests.load(id, null);
    return new StoredBackup(
        manifest.head(),
        manifests.manifestKey(id),
        id.fileName(),
        null,
        manifest.table().storedBytes(),
        made(manifest));
  }

  /** To the fraction, for which its manifest has to be read. */
  private Instant made(BackupId id) {
    return made(manifests.load(id, null));
  }

  private static Instant made(ArchiveManifest manifest) {
    Instant created = manifest.head().created();
    return created == null ? manifest.id().created() : created;
  }

  @Override
  public void markDamaged(CorruptBackupException damage) {
    String pack = damage.pack();
    if (pack == null) {
      return;
    }
    try {
      manifests.markDamaged(pack);
    } catch (ObjectStoreException e) {
      log.warn("That a pack is damaged could not be noted at {}: {}", location, e.getMessage());
    }
  }

  @Override
  public boolean keepsEarlier() {
    return true;
  }

  /** Only what the pointer names: another one does not have the pointer's etag. */
  @Override
  public boolean covers(StoredBackup backup) {
    return BackupId.parse(backup.etag()).isEmpty();
  }

  @Override
  public String digest(DatabaseSource database) throws IOException {
    writing.lock();
    try {
      return writer.digest(database);
    } finally {
      writing.unlock();
    }
  }

  @Override
  public StoredBackup write(
      BackupManifest manifest, PutCondition condition, DatabaseSource database) {
    writing.lock();
    try {
      return writer.write(manifest, condition, database);
    } finally {
      writing.unlock();
    }
  }

  @Override
  public int sweep() {
    return store.abortUploads(
        prefix,
        key ->
            key.startsWith(prefix + ManifestStore.PACKS)
                || key.startsWith(prefix + ManifestStore.MANIFESTS));
  }

  /** Nothing is ever replaced, but by and by the retention of those that follow takes it away. */
  @Override
  public String preserve(StoredBackup backup) {
    BackupId limit = manifests.idOf(backup.key()).orElse(null);
    manifests.ids().stream()
        .filter(id -> limit == null || id.compareTo(limit) <= 0)
        .reduce((_, later) -> later)
        .map(BackupId::name)
        .ifPresent(pins::pin);
    return backup.key();
  }

  @Override
  public String fetch(StoredBackup backup, Path into, FetchProgress progress) {
    return fetch.fetch(requireId(backup), into, progress);
  }

  @Override
  public Optional<String> lineageMarker() {
    return lineage.read();
  }

  @Override
  public void writeLineageMarker(String clusterId) {
    lineage.write(clusterId);
  }
}
