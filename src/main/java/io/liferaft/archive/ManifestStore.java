package io.liferaft.archive;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import io.liferaft.archive.ChunkTable.Pack;
import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The manifests of an archive and the pointer to the newest, under their keys. */
final class ManifestStore {

  static final String MANIFESTS = "manifests/";
  static final String PACKS = "packs/";

  /** Under it the names of packs that hold chunks that are wrong. */
  static final String DAMAGED = "damaged/";

  private static final String POINTER = "latest.json";
  private static final String MANIFEST_END = ".json.zst";
  private static final String PACK_END = ".pack";
  private static final int BUFFER_BYTES = 64 << 10;

  /** It is replaced once an interval, and read in two requests. */
  private static final int POINTER_ATTEMPTS = 5;

  private final ObjectStore store;
  private final String prefix;
  private final int level;
  private final EncryptionKeys keys;

  /**
   * @param prefix empty or with a slash at its end
   * @param level of zstd for manifests
   */
  ManifestStore(ObjectStore store, String prefix, int level, EncryptionKeys keys) {
    this.store = store;
    this.prefix = prefix;
    this.level = level;
    this.keys = keys;
  }

  /** The pointer with the object that it was read from. */
  record Seen(Pointer pointer, ObjectInfo object) {}

  /** A manifest that has been written. */
  record Put(String sha256, long bytes) {}

  String pointerKey() {
    return prefix + POINTER;
  }

  String manifestKey(BackupId id) {
    return prefix + MANIFESTS + id.fileName() + MANIFEST_END;
  }

  String packKey(String name) {
    return prefix + PACKS + name + PACK_END;
  }

  /** The backup that a manifest's key names. */
  Optional<BackupId> idOf(String key) {
    String start = prefix + MANIFESTS;
    return key.startsWith(start) && key.endsWith(MANIFEST_END)
        ? BackupId.parse(key.substring(start.length(), key.length() - MANIFEST_END.length()))
        : Optional.empty();
  }

  /** The pointer's object; empty only when the store answered that there is none. */
  Optional<ObjectInfo> pointerObject() {
    return store.head(pointerKey());
  }

  /**
   * The pointer, read once more where it is replaced meanwhile; empty only when the store answered
   * that there is none.
   *
   * @throws CorruptBackupException when it makes no sense
   */
  Optional<Seen> pointer() {
    for (int attempt = 1; ; attempt++) {
      try {
        return pointerObject().map(this::pointer);
      } catch (ObjectStoreException e) {
        if (e.reason() != Reason.PRECONDITION_FAILED || attempt == POINTER_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /**
   * Reads the pointer.
   *
   * @throws CorruptBackupException when it makes no sense
   * @throws ObjectStoreException PRECONDITION_FAILED when it has been replaced meanwhile
   */
  Seen pointer(ObjectInfo object) {
    String name = store.location() + "/" + object.key();
    try (InputStream in = store.get(object.key(), 0, object.etag())) {
      return new Seen(Pointer.decode(in.readNBytes(Pointer.MOST_BYTES), name, keys), object);
    } catch (IOException e) {
      throw unavailable(name, e);
    }
  }

  /** All backups, oldest first. */
  List<BackupId> ids() {
    return List.copyOf(manifestObjects().keySet());
  }

  /** The objects of all manifests, oldest first. */
  SortedMap<BackupId, ObjectInfo> manifestObjects() {
    return objects(prefix + MANIFESTS, MANIFEST_END);
  }

  /** The objects of all packs by the backups that wrote them, oldest first. */
  SortedMap<BackupId, ObjectInfo> packObjects() {
    return objects(prefix + PACKS, PACK_END);
  }

  private SortedMap<BackupId, ObjectInfo> objects(String start, String end) {
    SortedMap<BackupId, ObjectInfo> found = new TreeMap<>();
    for (ObjectInfo object : store.list(start)) {
      String key = object.key();
      if (key.endsWith(end)) {
        BackupId.parse(key.substring(start.length(), key.length() - end.length()))
            .ifPresent(id -> found.put(id, object));
      }
    }
    return found;
  }

  /** Notes that a pack holds chunks that are wrong. */
  void markDamaged(String pack) {
    ObjectInfo _ =
        store.put(
            prefix + DAMAGED + pack,
            Map.of(),
            new PutCondition.Always(),
            out -> out.write("damaged\n".getBytes(StandardCharsets.US_ASCII)));
  }

  /** Sizes of the packs that lie in the store by their names. */
  Map<String, Long> packSizes() {
    return packObjects().entrySet().stream()
        .collect(
            Collectors.toMap(
                pack -> pack.getKey().fileName(), pack -> pack.getValue().sizeBytes()));
  }

  /** Those of {@link #packSizes} that are not known to be damaged. */
  Map<String, Long> soundPacks() {
    String start = prefix + DAMAGED;
    Set<String> damaged =
        store.list(start).stream()
            .map(object -> object.key().substring(start.length()))
            .collect(Collectors.toSet());
    Map<String, Long> sound = packSizes();
    sound.keySet().removeAll(damaged);
    return sound;
  }

  /** The newest before another one, or of all. */
  Optional<BackupId> before(@Nullable BackupId limit) {
    return ids().stream()
        .filter(id -> limit == null || id.compareTo(limit) < 0)
        .reduce((_, later) -> later);
  }

  /**
   * Reads a manifest with its base.
   *
   * @param sha256 of the object; null when it is not known
   * @throws CorruptBackupException when one of them is damaged or gone
   */
  ArchiveManifest load(BackupId id, @Nullable String sha256) {
    Read read = entries(id, sha256);
    ArchiveManifest.Entries own = read.entries();
    BackupId baseId = own.baseId();
    ChunkTable base = baseId == null ? null : table(entries(baseId, null).entries(), null);
    ChunkTable table = table(own, base);
    BitSet told = new BitSet();
    Arrays.stream(own.chunks()).forEach(told::set);
    return new ArchiveManifest(id, own.head(), table, baseId, told, read.key());
  }

  /**
   * Names of the packs that a manifest tells by itself; nothing behind them is read.
   *
   * @throws CorruptBackupException when it is damaged or gone
   */
  Set<String> packNames(BackupId id) {
    return reading(
        id,
        (stored, name) -> {
          Plain plain = decrypted(new BufferedInputStream(stored, BUFFER_BYTES), id, name);
          try (ZstdInputStream in = new ZstdInputStream(plain.in())) {
            return ManifestJson.readPackNames(in, id, name);
          }
        });
  }

  /** A manifest by itself, with the key that it was encrypted with. */
  private record Read(ArchiveManifest.Entries entries, @Nullable WrappedKey key) {}

  /** A manifest's bytes without their encryption. */
  private record Plain(InputStream in, @Nullable WrappedKey key) {}

  private Plain decrypted(InputStream stored, BackupId id, String name) throws IOException {
    PushbackInputStream in = new PushbackInputStream(stored, Envelope.magicBytes());
    byte[] start = in.readNBytes(Envelope.magicBytes());
    if (!Envelope.begins(start)) {
      in.unread(start);
      return new Plain(in, null);
    }
    Envelope.Opened opened = Envelope.open(in, keys, ArchiveManifest.purpose(id), name);
    return new Plain(opened.plain(), opened.key());
  }

  private Read entries(BackupId id, @Nullable String sha256) {
    return reading(
        id,
        (stored, name) -> {
          MessageDigest digest = VerifyingOutputStream.sha256();
          DigestInputStream digesting =
              new DigestInputStream(new BufferedInputStream(stored, BUFFER_BYTES), digest);
          ArchiveManifest.Entries entries;
          Plain plain = decrypted(digesting, id, name);
          DataKey secret = plain.key() == null ? null : plain.key().key();
          try (ZstdInputStream in = new ZstdInputStream(new Unclosed(plain.in()))) {
            entries = ManifestJson.read(new Unclosed(in), id, name, secret);
            in.transferTo(OutputStream.nullOutputStream());
          }
          if (digesting.read() >= 0) {
            throw new CorruptBackupException(name + " is damaged: something follows its end", null);
          }
          if (sha256 != null && !HexFormat.of().formatHex(digest.digest()).equals(sha256)) {
            throw new CorruptBackupException(
                name + " is another one than " + POINTER + " means: its sha256 differs", null);
          }
          return new Read(entries, plain.key());
        });
  }

  /** What is read of a manifest as it lies in the store. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(InputStream stored, String name) throws IOException;
  }

  private <T> T reading(BackupId id, Reading<T> reading) {
    String key = manifestKey(id);
    String name = store.location() + "/" + key;
    try (InputStream stored = store.get(key, 0, null)) {
      return reading.of(stored, name);
    } catch (ZstdIOException e) {
      throw new CorruptBackupException(name + " is damaged: " + e.getMessage(), e);
    } catch (IOException e) {
      throw unavailable(name, e);
    } catch (ObjectStoreException e) {
      if (e.reason() == Reason.NOT_FOUND) {
        throw new CorruptBackupException(name + " is gone", e);
      }
      throw e;
    }
  }

  private static final class Unclosed extends java.io.FilterInputStream {
    Unclosed(InputStream in) {
      super(in);
    }

    @Override
    public void close() {
      // Whoever opened it closes it.
    }
  }

  /** The table of all chunks. */
  private ChunkTable table(ArchiveManifest.Entries own, @Nullable ChunkTable base) {
    String name = store.location() + "/" + manifestKey(own.id());
    long sizeBytes = own.head().sizeBytes();
    int count = ChunkTable.count(sizeBytes);
    int known = base == null ? 0 : Math.min(base.count(), count);
    if (own.chunks().length > count || known + own.chunks().length < count) {
      throw new CorruptBackupException(name + " is damaged: it lacks chunks", null);
    }
    byte[] hashes = new byte[count * ChunkTable.HASH_BYTES];
    int[] packs = new int[count];
    Arrays.fill(packs, -1);
    long[] offsets = new long[count];
    int[] lengths = new int[count];
    List<Pack> all = new ArrayList<>(base == null ? List.of() : base.packList());
    Map<Pack, Integer> places = places(all);
    int[] place = own.told().packList().stream().mapToInt(p -> placed(all, places, p)).toArray();
    if (base != null) {
      System.arraycopy(base.hashes(), 0, hashes, 0, known * ChunkTable.HASH_BYTES);
      for (int i = 0; i < known; i++) {
        packs[i] = base.pack(i);
        offsets[i] = base.offset(i);
        lengths[i] = base.storedLength(i);
      }
    }
    for (int n = 0; n < own.chunks().length; n++) {
      int i = own.chunks()[n];
      if (i >= count) {
        throw new CorruptBackupException(name + " is damaged: chunk " + i + " is too many", null);
      }
      packs[i] = place[own.told().pack(n)];
      offsets[i] = own.told().offset(n);
      lengths[i] = own.told().storedLength(n);
      System.arraycopy(
          own.told().hashes(),
          n * ChunkTable.HASH_BYTES,
          hashes,
          i * ChunkTable.HASH_BYTES,
          ChunkTable.HASH_BYTES);
    }
    ChunkTable table = new ChunkTable(sizeBytes, hashes, packs, offsets, lengths, all);
    boolean whole = IntStream.of(packs).allMatch(pack -> pack >= 0);
    if (!whole || !table.treeSha256().equals(own.head().sha256())) {
      throw new CorruptBackupException(name + " is damaged: its chunks are not those of it", null);
    }
    return table;
  }

  static Map<Pack, Integer> places(List<Pack> all) {
    Map<Pack, Integer> places = new HashMap<>();
    for (int p = 0; p < all.size(); p++) {
      places.put(all.get(p), p);
    }
    return places;
  }

  /** The place of a pack in a list, which it is added to when it is not there. */
  static int placed(List<Pack> all, Map<Pack, Integer> places, Pack pack) {
    Integer known = places.putIfAbsent(pack, all.size());
    if (known == null) {
      all.add(pack);
      return all.size() - 1;
    }
    return known;
  }

  /** Writes a manifest under its own key, which must not be there yet. */
  Put put(ArchiveManifest manifest) {
    String[] sha256 = new String[1];
    ObjectInfo info =
        store.put(
            manifestKey(manifest.id()),
            Map.of(),
            new PutCondition.IfAbsent(),
            out -> {
              MessageDigest digest = VerifyingOutputStream.sha256();
              OutputStream stored =
                  new BufferedOutputStream(new DigestOutputStream(out, digest), BUFFER_BYTES);
              WrappedKey key = manifest.key();
              try (ZstdOutputStream packed =
                  new ZstdOutputStream(
                      key == null
                          ? stored
                          : Envelope.seal(stored, key, ArchiveManifest.purpose(manifest.id())),
                      level)) {
                packed.setChecksum(true);
                ManifestJson.write(packed, manifest);
              }
              sha256[0] = HexFormat.of().formatHex(digest.digest());
            });
    return new Put(sha256[0], info.sizeBytes());
  }

  private static ObjectStoreException unavailable(String name, IOException e) {
    return new ObjectStoreException(
        Reason.UNAVAILABLE, "reading " + name + " broke off: " + e.getMessage(), e);
  }
}
