package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * One object that holds the whole database, gzip or as it is, with its manifest as metadata: the
 * format of rqlite's automatic backup. A new backup replaces the one before.
 */
final class PlainArchive implements BackupArchive {

  private static final int BUFFER_BYTES = 64 << 10;
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final ObjectStore store;
  private final String key;
  private final String location;
  private final String canonical;
  private final boolean compress;
  private final ResumingFetch resuming;
  private final LineageMarker lineage;

  /**
   * @param location as configured
   * @param canonical the same for all spellings of the same place
   */
  PlainArchive(
      ObjectStore store,
      String key,
      String location,
      String canonical,
      boolean compress,
      ResumingFetch.Pause pause) {
    this.store = store;
    this.key = key;
    this.location = location;
    this.canonical = canonical;
    this.compress = compress;
    this.lineage = new LineageMarker(store, key + ".lineage");
    this.resuming = new ResumingFetch(store, pause);
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
    return shortHash(canonical, 16);
  }

  @Override
  public Optional<StoredBackup> latest() {
    return look(key);
  }

  /** What lies under a key of this place's store. */
  Optional<StoredBackup> look(String at) {
    return store.head(at).map(info -> stored(ManifestCodec.decode(info.metadata()), info));
  }

  /**
   * With timestamped names that rqlite or an earlier setting gave, the plain one may be missing.
   */
  @Override
  public Optional<StoredBackup> toRestore() {
    TimestampedNames names = new TimestampedNames(key);
    return latest().or(() -> names.newest(store.list(names.prefix())).flatMap(this::look));
  }

  @Override
  public Optional<StoredBackup> before(StoredBackup backup) {
    TimestampedNames names = new TimestampedNames(key);
    return names.isOne(backup.key())
        ? names.before(backup.key(), store.list(names.prefix())).flatMap(this::look)
        : Optional.empty();
  }

  @Override
  public boolean covers(StoredBackup backup) {
    return backup.key().equals(key);
  }

  @Override
  public StoredBackup write(
      BackupManifest manifest, PutCondition condition, DatabaseSource database) {
    return write(key, manifest, condition, database);
  }

  /** Writes a backup under a key of this place's store. */
  StoredBackup write(
      String at, BackupManifest manifest, PutCondition condition, DatabaseSource database) {
    Map<String, String> metadata = ManifestCodec.encode(manifest);
    ObjectInfo info =
        store.put(
            at,
            metadata,
            condition,
            new ObjectWriter() {
              @Override
              public void writeTo(OutputStream out) throws IOException {
                if (compress) {
                  GZIPOutputStream gzip = new FastGzip(out);
                  writeVerified(manifest, database, gzip);
                  gzip.finish();
                } else {
                  writeVerified(manifest, database, out);
                }
              }

              @Override
              public long mostBytes() {
                return mostStored(manifest.sizeBytes());
              }

              @Override
              public void beforeVisible() throws IOException {
                database.beforeVisible();
              }
            });
    return stored(ManifestCodec.decode(metadata), info);
  }

  /** Deflate adds five bytes to a block that it cannot shorten, and gzip a head and an end. */
  private static long mostStored(long bytes) {
    return bytes < 0 ? Long.MAX_VALUE : bytes + bytes / 1000 + 1024;
  }

  @Override
  public int sweep() {
    return store.abortUploads(key);
  }

  private void writeVerified(BackupManifest manifest, ObjectWriter database, OutputStream out)
      throws IOException {
    VerifyingOutputStream verifying = new VerifyingOutputStream(out, manifest, location);
    database.writeTo(verifying);
    var _ = verifying.verify();
  }

  @Override
  public Optional<String> lineageMarker() {
    return lineage.read();
  }

  @Override
  public void writeLineageMarker(String clusterId) {
    lineage.write(clusterId);
  }

  @Override
  public String preserve(StoredBackup backup) {
    String kept = preservedKey(backup);
    requireUnchanged(backup);
    Optional<ObjectInfo> before = store.head(kept);
    if (before.isPresent() && before.get().sizeBytes() == backup.storedBytes()) {
      return kept;
    }
    var _ = store.copy(backup.key(), kept);
    try {
      requireUnchanged(backup);
    } catch (ObjectStoreException e) {
      // Perhaps what was copied is not what the key says.
      store.delete(kept);
      throw e;
    }
    return kept;
  }

  /** The same for the same object, so that it is kept once. */
  private static String preservedKey(StoredBackup backup) {
    String key = backup.key();
    int name = key.lastIndexOf('/') + 1;
    int dot = key.indexOf('.', name + 1);
    int end = dot < 0 ? key.length() : dot;
    return "%s.preserved-%s-%s%s"
        .formatted(
            key.substring(0, end),
            DATE.format(backup.stored()),
            shortHash(backup.etag(), 8),
            key.substring(end));
  }

  private void requireUnchanged(StoredBackup backup) {
    Optional<ObjectInfo> now = store.head(backup.key());
    if (now.isEmpty() || !now.get().etag().equals(backup.etag())) {
      throw new ObjectStoreException(
          Reason.PRECONDITION_FAILED,
          "preserving %s/%s failed: it was replaced meanwhile"
              .formatted(store.location(), backup.key()),
          null);
    }
  }

  @Override
  public String fetch(StoredBackup backup, Path into, FetchProgress progress) {
    String source = store.location() + '\n' + backup.key() + '\n' + backup.etag() + '\n';
    PartFile part = new PartFile(into, source);
    try {
      long from = part.open(backup.storedBytes());
      try {
        return fetch(backup, part, from, into, progress);
      } catch (CorruptBackupException e) {
        part.delete();
        if (from == 0) {
          throw e;
        }
      }
      // The part came from an earlier process, and a power loss may have damaged it here.
      try {
        return fetch(backup, part, part.open(backup.storedBytes()), into, progress);
      } catch (CorruptBackupException e) {
        part.delete();
        throw e;
      }
    } catch (ObjectStoreException e) {
      if (e.reason() == Reason.PRECONDITION_FAILED || e.reason() == Reason.NOT_FOUND) {
        deleteQuietly(part, e);
      }
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException("fetching %s into %s failed".formatted(location, into), e);
    }
  }

  private String fetch(
      StoredBackup backup, PartFile part, long from, Path into, FetchProgress progress)
      throws IOException {
    resuming.fetch(backup, part, from, progress::fetched);
    String sha256 = unpack(backup, part.path(), into);
    part.delete();
    return sha256;
  }

  private String unpack(StoredBackup backup, Path stored, Path into) throws IOException {
    String name = store.location() + "/" + backup.key();
    Path unpacked = into.resolveSibling(into.getFileName() + ".unpacked");
    try (FileChannel channel =
            FileChannel.open(
                unpacked,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        InputStream in = Files.newInputStream(stored)) {
      VerifyingOutputStream out =
          new VerifyingOutputStream(Channels.newOutputStream(channel), backup.manifest(), name);
      copyUnpacked(in, out, stored);
      String sha256 = out.verify();
      channel.force(true);
      Files.move(unpacked, into, StandardCopyOption.REPLACE_EXISTING);
      return sha256;
    } catch (ZipException | EOFException e) {
      throw new CorruptBackupException(name + " is damaged: " + e.getMessage(), e);
    } finally {
      Files.deleteIfExists(unpacked);
    }
  }

  private static void copyUnpacked(InputStream in, OutputStream out, Path stored)
      throws IOException {
    byte[] start;
    try (InputStream peek = Files.newInputStream(stored)) {
      start = peek.readNBytes(2);
    }
    if (Gunzip.isGzip(start)) {
      Gunzip.unpack(in, out);
    } else {
      in.transferTo(out);
    }
  }

  private static void deleteQuietly(PartFile part, ObjectStoreException reason) {
    try {
      part.delete();
    } catch (IOException e) {
      // Its note names the object it came from: the next fetch replaces it.
      reason.addSuppressed(e);
    }
  }

  private StoredBackup stored(BackupManifest manifest, ObjectInfo info) {
    return new StoredBackup(
        manifest, info.key(), info.etag(), info.versionId(), info.sizeBytes(), info.modified());
  }

  static String shortHash(String text, int digits) {
    byte[] hash = VerifyingOutputStream.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(hash).substring(0, digits);
  }

  /** A backup is made often and read seldom; the higher levels gain little on pages of SQLite. */
  private static final class FastGzip extends GZIPOutputStream {

    FastGzip(OutputStream out) throws IOException {
      super(out, BUFFER_BYTES);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
