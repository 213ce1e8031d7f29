package io.liferaft.archive;

import io.liferaft.archive.ChunkTable.Pack;
import io.liferaft.archive.ManifestStore.Seen;
import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the backups of an archive: the pack, then the manifest, then the pointer. Keeps the table
 * of its last one, so that the next reads only what changed. For one thread at a time.
 */
final class ArchiveWriter {

  /** Chunks that are sent sooner than older manifests are read for them. */
  private static final int WORTH_LOOKING = 32;

  private static final Logger log = LoggerFactory.getLogger(ArchiveWriter.class);

  /** About what a chunk takes in a manifest, compressed: most of it is its hash. */
  private static final long BYTES_PER_CHUNK = 45;

  private static final Duration LOOK_AGAIN = Duration.ofHours(1);

  private final ObjectStore store;
  private final ManifestStore manifests;
  private final String location;
  private final int level;
  private final EncryptionKeys keys;
  private final RandomGenerator random;
  private @Nullable Written last;
  private @Nullable Survey surveyed;

  /** When the packs were last looked at, by the clock of the manifests. */
  private @Nullable Instant looked;

  /** Whether the store keeps conditions; null when it was not tried yet. */
  private @Nullable Boolean conditional;

  /**
   * @param level of zstd for chunks; 0 leaves them as they are
   */
  ArchiveWriter(
      ObjectStore store,
      ManifestStore manifests,
      String location,
      int level,
      EncryptionKeys keys,
      RandomGenerator random) {
    this.store = store;
    this.manifests = manifests;
    this.location = location;
    this.level = level;
    this.keys = keys;
    this.random = random;
  }

  /**
   * A backup that this process has written.
   *
   * @param etag of the pointer that names it
   * @param fullBytes size of the manifest it is told against, or of its own
   * @param deltaBytes sizes of all that were told against that one
   */
  private record Written(
      String etag,
      DatabaseSource.@Nullable Mark mark,
      ArchiveManifest manifest,
      long fullBytes,
      long deltaBytes) {}

  /**
   * What a new backup goes on from.
   *
   * @param id the newest backup; null for none
   * @param manifest null when it cannot be read
   */
  private record Parent(
      @Nullable BackupId id, @Nullable ArchiveManifest manifest, long fullBytes, long deltaBytes) {}

  String digest(DatabaseSource database) throws IOException {
    return survey(database).treeSha256();
  }

  private Survey survey(DatabaseSource database) throws IOException {
    Survey known = surveyed;
    if (known != null && known.source().equals(database)) {
      return known;
    }
    Written before = last;
    BitSet changed =
        before == null || before.mark() == null
            ? null
            : database.changedSince(before.mark()).orElse(null);
    Survey survey = Survey.of(database, before == null ? null : before.manifest().table(), changed);
    log.debug("Read {} of {} bytes for a backup", survey.readBytes(), database.sizeBytes());
    surveyed = survey;
    return survey;
  }

  StoredBackup write(BackupManifest head, PutCondition condition, DatabaseSource database) {
    try {
      Survey survey = survey(database);
      if (!survey.treeSha256().equals(head.sha256())) {
        throw new IllegalArgumentException("the manifest has another hash than the database");
      }
      return write(head, condition, survey);
    } catch (IOException e) {
      throw new ObjectStoreException(
          Reason.UNAVAILABLE, "writing to " + location + " failed: " + e.getMessage(), e);
    } finally {
      surveyed = null;
    }
  }

  private StoredBackup write(BackupManifest head, PutCondition condition, Survey survey) {
    Parent parent = parent(condition);
    ArchiveManifest before = parent.manifest();
    ChunkTable known = before == null ? ChunkTable.EMPTY : before.table();
    WrappedKey own = before != null && sameGeneration(before.head(), head) ? before.key() : null;
    WrappedKey key = keys.next(own);
    Map<String, Long> there = before == null ? null : soundPacks(head);
    Set<Pack> sound =
        known.packList().stream()
            .filter(pack -> there == null || Objects.equals(there.get(pack.name()), pack.bytes()))
            .collect(Collectors.toSet());
    if (sound.size() < known.packList().size()) {
      log.warn(
          "{} lacks packs that the newest backup needs, or they are damaged: what was in them is"
              + " sent again",
          location);
    }
    // A backup is encrypted wholly or not at all.
    sound.removeIf(pack -> (pack.key() == null) != (key == null));
    boolean trusted = sound.size() == known.packList().size();
    BackupId base = trusted && Objects.equals(own, key) ? baseFor(parent, head) : null;
    BackupId id = id(parent, head, base);
    ChunkPlan plan = ChunkPlan.of(survey, known, base == null, trusted ? null : sound);
    if (before != null && !sameGeneration(before.head(), head)) {
      reuseEarlier(plan, before.id(), there, key != null);
    }
    DataKey secret = key == null ? null : key.key();
    PackWriter writer =
        new PackWriter(
            survey,
            plan.toSend(),
            level,
            secret == null ? null : secret.derive(ChunkCodec.purpose(id.fileName())));
    Pack pack = plan.toSend().isEmpty() ? null : send(id, writer, secret);
    ChunkTable table = plan.table(pack, writer);
    ArchiveManifest manifest =
        new ArchiveManifest(id, head, table, base, told(table, base, before), key);
    ManifestStore.Put put = manifests.put(manifest);
    Pointer pointer = new Pointer(id, head, put.sha256(), table.storedBytes(), true, key);
    ObjectInfo info = point(pointer, condition, survey.source());
    last =
        new Written(
            info.etag(),
            survey.mark(),
            manifest,
            base == null ? put.bytes() : parent.fullBytes(),
            base == null ? 0 : parent.deltaBytes() + put.bytes());
    log.debug("Backup {}: {} of {} chunks sent", id, plan.toSend().size(), table.count());
    return new StoredBackup(
        head,
        manifests.manifestKey(id),
        info.etag(),
        info.versionId(),
        pointer.storedBytes(),
        info.modified(),
        (pack == null ? 0 : pack.bytes()) + put.bytes());
  }

  /**
   * A database that was set back, or replaced by one of before, is in the archive, but not in its
   * newest backup. So with a new generation that would be sent for the most part, earlier ones are
   * looked at, fewer the older they are.
   *
   * @param known what may be relied on; null when it has not been looked up
   */
  private void reuseEarlier(
      ChunkPlan plan, BackupId newest, @Nullable Map<String, Long> known, boolean encrypted) {
    if (plan.toSend().size() < WORTH_LOOKING) {
      return;
    }
    Map<String, Long> there = known == null ? manifests.soundPacks() : known;
    List<BackupId> earlier = new ArrayList<>(manifests.ids());
    earlier.removeIf(id -> id.compareTo(newest) >= 0);
    int before = plan.toSend().size();
    for (int back = 1; back <= earlier.size() && plan.toSend().size() >= WORTH_LOOKING; back *= 2) {
      BackupId id = earlier.get(earlier.size() - back);
      try {
        plan.reuse(
            manifests.load(id, null).table(),
            pack ->
                (pack.key() != null) == encrypted
                    && Objects.equals(there.get(pack.name()), pack.bytes()));
      } catch (CorruptBackupException | EncryptionKeyException e) {
        log.debug("Backup {} is not looked at", id, e);
      }
    }
    log.debug("{} of {} chunks are in earlier backups", before - plan.toSend().size(), before);
  }

  /**
   * What may be relied on, looked up with the first backup of a process and then once an hour: a
   * pack that somebody has deleted or cut would make every later backup useless.
   *
   * @return null when it was looked up a moment ago
   */
  private @Nullable Map<String, Long> soundPacks(BackupManifest head) {
    Instant now = head.created() == null ? Instant.EPOCH : head.created();
    Instant before = looked;
    if (before != null && now.isBefore(before.plus(LOOK_AGAIN))) {
      return null;
    }
    Map<String, Long> sound = manifests.soundPacks();
    looked = now;
    return sound;
  }

  /** The newest backup as the condition means it. */
  private Parent parent(PutCondition condition) {
    if (condition instanceof PutCondition.IfMatch(String etag)) {
      Written own = last;
      if (own != null && own.etag().equals(etag)) {
        return new Parent(own.manifest().id(), own.manifest(), own.fullBytes(), own.deltaBytes());
      }
      Optional<ObjectInfo> object = manifests.pointerObject();
      if (object.isEmpty() || !object.get().etag().equals(etag)) {
        throw new ObjectStoreException(
            Reason.PRECONDITION_FAILED,
            "the newest backup at " + location + " is another one than before",
            null);
      }
      try {
        Seen seen = manifests.pointer(object.get());
        if (conditional == null && !seen.pointer().conditional()) {
          conditional = false;
        }
        return parent(seen.pointer().id(), seen.pointer().manifestSha256());
      } catch (CorruptBackupException e) {
        log.warn("The newest backup cannot be told, and a whole one is made: {}", e.getMessage());
      }
    }
    // No pointer that says it: what may lie there without one is not to be in the new one's way.
    return newest().map(id -> parent(id, null)).orElse(new Parent(null, null, 0, 0));
  }

  private Optional<BackupId> newest() {
    try {
      return manifests.before(null);
    } catch (ObjectStoreException e) {
      // A directory that the write makes.
      if (e.reason() == Reason.NO_SUCH_BUCKET) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Parent parent(BackupId id, @Nullable String manifestSha256) {
    try {
      ArchiveManifest manifest = manifests.load(id, manifestSha256);
      long told = manifest.told().cardinality() * BYTES_PER_CHUNK;
      return id.full()
          ? new Parent(id, manifest, told, 0)
          : new Parent(id, manifest, manifest.table().count() * BYTES_PER_CHUNK, told);
    } catch (CorruptBackupException e) {
      log.warn("The newest backup cannot be read, and a whole one is made: {}", e.getMessage());
      return new Parent(id, null, 0, 0);
    }
  }

  /** Which backup the new manifest is told against; null when it is to be told whole. */
  private static @Nullable BackupId baseFor(Parent parent, BackupManifest head) {
    ArchiveManifest manifest = parent.manifest();
    if (manifest == null
        || !sameGeneration(manifest.head(), head)
        || parent.deltaBytes() >= parent.fullBytes()) {
      return null;
    }
    return manifest.baseId() == null ? manifest.id() : manifest.baseId();
  }

  private static boolean sameGeneration(BackupManifest one, BackupManifest other) {
    return one.clusterId() != null
        && one.clusterId().equals(other.clusterId())
        && one.generation() != null
        && one.generation().equals(other.generation());
  }

  private BackupId id(Parent parent, BackupManifest head, @Nullable BackupId base) {
    String generation = BackupId.shortGeneration(head.generation());
    BackupId before = parent.id();
    ArchiveManifest known = parent.manifest();
    boolean same =
        known == null
            ? before != null && before.generation().equals(generation)
            : sameGeneration(known.head(), head);
    int ordinal = (before == null ? 0 : before.ordinal()) + (same ? 0 : 1);
    Instant created = head.created();
    return new BackupId(
        ordinal,
        generation,
        head.term(),
        head.changeIndex(),
        created == null ? Instant.EPOCH : created,
        HexFormat.of().toHexDigits(random.nextInt()),
        base == null ? null : base.random());
  }

  private Pack send(BackupId id, PackWriter writer, @Nullable DataKey key) {
    ObjectInfo info =
        store.put(manifests.packKey(id.fileName()), Map.of(), new PutCondition.IfAbsent(), writer);
    if (info.sizeBytes() != writer.bytes()) {
      throw new ObjectStoreException(
          Reason.UNAVAILABLE,
          "writing %s/%s failed: it has %d bytes there, and %d were sent"
              .formatted(store.location(), info.key(), info.sizeBytes(), writer.bytes()),
          null);
    }
    return new Pack(id.fileName(), info.sizeBytes(), key);
  }

  /** The chunks that the base does not tell, or tells otherwise. */
  private static BitSet told(
      ChunkTable table, @Nullable BackupId base, @Nullable ArchiveManifest parent) {
    BitSet told = new BitSet();
    if (base == null || parent == null) {
      told.set(0, table.count());
      return told;
    }
    if (!parent.id().full()) {
      told.or(parent.told());
    }
    for (int i = 0; i < table.count(); i++) {
      if (!table.sameEntry(i, parent.table())) {
        told.set(i);
      }
    }
    if (told.length() > table.count()) {
      told.clear(table.count(), told.length());
    }
    return told;
  }

  /**
   * Makes the backup visible, and finds out with the first one whether the store keeps conditions.
   */
  private ObjectInfo point(Pointer pointer, PutCondition condition, DatabaseSource database) {
    if (!store.keepsConditions()) {
      conditional = false;
    }
    Pointer unconditional = pointer.unconditional();
    ObjectInfo info =
        put(Boolean.FALSE.equals(conditional) ? unconditional : pointer, condition, database);
    if (conditional != null) {
      return info;
    }
    try {
      // A pointer that must not be there and is: a store that takes it keeps no conditions.
      ObjectInfo replaced = put(unconditional, new PutCondition.IfAbsent(), database);
      log.warn(
          "The store of {} takes no notice of If-None-Match: of two backups the one of the later"
              + " generation, term and index counts",
          location);
      conditional = false;
      return replaced;
    } catch (ObjectStoreException e) {
      if (e.reason() == Reason.PRECONDITION_FAILED) {
        conditional = true;
        return info;
      }
      if (e.reason() != Reason.UNAVAILABLE) {
        throw e;
      }
      // Tried again with the next backup: this one is complete.
      log.debug("Whether the store of {} keeps conditions is not known yet", location, e);
      return info;
    }
  }

  private ObjectInfo put(Pointer pointer, PutCondition condition, DatabaseSource database) {
    byte[] bytes = pointer.encode();
    return store.put(
        manifests.pointerKey(),
        Map.of(),
        condition,
        new ObjectWriter() {
          @Override
          public void writeTo(OutputStream out) throws IOException {
            out.write(bytes);
          }

          @Override
          public long mostBytes() {
            return bytes.length;
          }

          @Override
          public void beforeVisible() throws IOException {
            database.beforeVisible();
          }
        });
  }
}
