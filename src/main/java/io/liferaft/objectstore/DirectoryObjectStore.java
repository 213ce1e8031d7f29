package io.liferaft.objectstore;

import static io.liferaft.objectstore.DirectoryErrors.refused;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Files in one directory, each with its metadata beside it in {@code <name>.metadata.json}. Files
 * that somebody else put there are objects, too; of the one that rqlite's {@code METADATA.json}
 * names its id is known, and a put of an object with such an id replaces that note. Conditions hold
 * against all processes that use the directory, as far as its file system has working locks.
 */
final class DirectoryObjectStore implements ObjectStore {

  private static final int BUFFER_BYTES = 64 << 10;

  private final Path directory;
  private final boolean createDirectory;
  private final DirectorySidecar.Hash hash;
  private final DirectoryErrors errors;

  /**
   * @param createDirectory whether a put creates the directory; reading never does
   */
  DirectoryObjectStore(Path directory, boolean createDirectory) {
    this(directory, createDirectory, new ContentHash());
  }

  DirectoryObjectStore(Path directory, boolean createDirectory, DirectorySidecar.Hash hash) {
    this.directory = directory.toAbsolutePath().normalize();
    this.createDirectory = createDirectory;
    this.hash = hash;
    this.errors = new DirectoryErrors(this.directory);
  }

  @Override
  public String location() {
    return "file:" + directory;
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    Path file = file(key);
    try {
      return lookedUp(key, file);
    } catch (IOException e) {
      throw errors.of("looking at " + file, e);
    }
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    Path file = file(key);
    String action = "reading " + file;
    try {
      ObjectInfo before = lookedUp(key, file).orElseThrow(() -> new NoSuchFileException(key));
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      boolean handedOut = false;
      try {
        // Files are never changed in place, so an unchanged name says which one was opened.
        ObjectInfo after = lookedUp(key, file).orElseThrow(() -> new NoSuchFileException(key));
        boolean changed = !before.etag().equals(after.etag());
        if (changed || (etag != null && !etag.equals(after.etag()))) {
          throw refused(Reason.PRECONDITION_FAILED, action, "the file was replaced", null);
        }
        if (offset > after.sizeBytes()) {
          throw refused(
              Reason.PRECONDITION_FAILED,
              action,
              "it has only " + after.sizeBytes() + " bytes, not " + offset,
              null);
        }
        InputStream stream =
            new WholeBodyInputStream(
                action,
                Channels.newInputStream(channel.position(offset)),
                after.sizeBytes() - offset,
                () -> closeQuietly(channel));
        handedOut = true;
        return stream;
      } finally {
        if (!handedOut) {
          channel.close();
        }
      }
    } catch (IOException e) {
      throw errors.of(action, e);
    }
  }

  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    return new FirstBytes(get(key, offset, null), bytes);
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    return put(key, metadata, condition, writer, true);
  }

  /**
   * @param newest whether it is what rqlite's note of the last backup is to name
   */
  private ObjectInfo put(
      String key,
      Map<String, String> metadata,
      PutCondition condition,
      ObjectWriter writer,
      boolean newest) {
    Path file = file(key);
    String action = "writing " + file;
    try {
      Path folder = folderOf(file);
      Path target = target(file);
      Path targetFolder = target.resolveSibling(".");
      TemporaryFile.sweep(folder);
      if (!target.equals(file)) {
        TemporaryFile.sweep(targetFolder);
      }
      try (TemporaryFile data = TemporaryFile.create(targetFolder);
          TemporaryFile sidecar = TemporaryFile.create(folder)) {
        String sha256 = write(data, writer);
        writer.beforeVisible();
        BasicFileAttributes attributes =
            Files.readAttributes(data.path(), BasicFileAttributes.class);
        DirectorySidecar.Entry entry =
            new DirectorySidecar.Entry(
                attributes.size(), sha256, DirectorySidecar.identity(attributes), metadata);
        try (DirectoryLock _ = DirectoryLock.acquire(directory)) {
          check(key, file, condition, action);
          switchTo(file, target, data, sidecar, entry);
          if (newest) {
            RqliteMetadata.write(file, attributes, metadata);
          }
        }
        return info(key, attributes, entry, metadata);
      }
    } catch (IOException e) {
      throw errors.of(action, e);
    }
  }

  private Path folderOf(Path file) throws IOException {
    if (!Files.isDirectory(directory)) {
      if (!createDirectory) {
        throw errors.missingDirectory("writing " + file);
      }
      Files.createDirectories(directory);
      TemporaryFile.forceFolder(directory.resolveSibling("."));
    }
    Path folder = file.getParent();
    if (folder == null) {
      throw new NoSuchFileException(file.toString());
    }
    Files.createDirectories(folder);
    return folder;
  }

  private static String write(TemporaryFile data, ObjectWriter writer) throws IOException {
    DigestOutputStream digest = new DigestOutputStream(data.stream(), ContentHash.sha256());
    OutputStream out = new BufferedOutputStream(digest, BUFFER_BYTES);
    writer.writeTo(new UnclosedOutputStream(out));
    out.flush();
    data.force();
    return HexFormat.of().formatHex(digest.getMessageDigest().digest());
  }

  private void check(String key, Path file, PutCondition condition, String action)
      throws IOException {
    switch (condition) {
      case PutCondition.Always() -> {}
      case PutCondition.IfAbsent() -> {
        if (Files.exists(file)) {
          throw refused(Reason.PRECONDITION_FAILED, action, "there is a file already", null);
        }
      }
      case PutCondition.IfMatch(String etag) -> {
        Optional<ObjectInfo> now = lookedUp(key, file);
        if (now.isEmpty() || !now.get().etag().equals(etag)) {
          throw refused(
              Reason.PRECONDITION_FAILED,
              action,
              now.isEmpty() ? "the file to replace is gone" : "the file was replaced",
              null);
        }
      }
    }
  }

  /** A link stays one: what it leads to is written. */
  private static Path target(Path file) throws IOException {
    if (!Files.isSymbolicLink(file)) {
      return file;
    }
    try {
      return file.toRealPath();
    } catch (NoSuchFileException _) {
      throw brokenLink("writing " + file);
    }
  }

  private static ObjectStoreException brokenLink(String action) {
    return refused(
        Reason.UNAVAILABLE, action, "it is a link to what is not there (is it mounted?)", null);
  }

  private void switchTo(
      Path file,
      Path target,
      TemporaryFile data,
      TemporaryFile sidecar,
      DirectorySidecar.Entry entry)
      throws IOException {
    Path folder = file.resolveSibling(".");
    DirectorySidecar old = DirectorySidecar.read(file);
    DirectorySidecar.Entry before = null;
    if (Files.exists(file)) {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      before = old.of(file, attributes, hash).map(e -> e.identifiedBy(attributes)).orElse(null);
    }
    try (OutputStream out = sidecar.stream()) {
      out.write(DirectorySidecar.of(entry, before).toJson());
      out.flush();
      sidecar.force();
      // The metadata first: it names both contents, so either file finds its own after a crash.
      sidecar.moveTo(DirectorySidecar.beside(file));
      TemporaryFile.forceFolder(folder);
    }
    data.moveTo(target);
    TemporaryFile.forceFolder(target.resolveSibling("."));
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    ObjectInfo source =
        head(fromKey)
            .orElseThrow(() ->
                refused(Reason.NOT_FOUND, "copying " + fromKey, "there is no such file", null));
    return put(
        toKey,
        source.metadata(),
        new PutCondition.Always(),
        out -> {
          try (InputStream in = get(fromKey, 0, source.etag())) {
            in.transferTo(out);
          }
        },
        false);
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    return list(prefix, "");
  }

  @Override
  public List<ObjectInfo> list(String prefix, String after) {
    errors.requireDirectory("listing " + directory);
    List<ObjectInfo> found = new ArrayList<>();
    Path start = directory.resolve(prefix.substring(0, prefix.lastIndexOf('/') + 1)).normalize();
    if (!start.startsWith(directory) || !Files.isDirectory(start)) {
      return List.of();
    }
    try {
      Path _ =
          Files.walkFileTree(
              start,
              new PresentFiles(file -> {
                String key = directory.relativize(file).toString().replace('\\', '/');
                if (key.startsWith(prefix)
                    && key.compareTo(after) > 0
                    && !DirectoryKeys.reserved(key)
                    && Files.isRegularFile(file)) {
                  lookedUp(key, file).ifPresent(found::add);
                }
              }));
    } catch (IOException e) {
      throw errors.of("listing " + directory, e);
    }
    found.sort(Comparator.comparing(ObjectInfo::key));
    return List.copyOf(found);
  }

  /** What a crash left goes with the next {@link #put}. */
  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    return 0;
  }

  @Override
  public void delete(String key) {
    Path file = file(key);
    errors.requireDirectory("deleting " + file);
    try (DirectoryLock _ = DirectoryLock.acquire(directory)) {
      if (Files.deleteIfExists(file)) {
        TemporaryFile.forceFolder(file.resolveSibling("."));
      }
      Files.deleteIfExists(DirectorySidecar.beside(file));
    } catch (IOException e) {
      throw errors.of("deleting " + file, e);
    }
  }

  private Optional<ObjectInfo> lookedUp(String key, Path file) throws IOException {
    // A reader that comes between the two renames of a put looks once more.
    BasicFileAttributes attributes;
    Optional<DirectorySidecar.Entry> entry;
    BasicFileAttributes again;
    do {
      try {
        attributes = Files.readAttributes(file, BasicFileAttributes.class);
        entry = DirectorySidecar.read(file).of(file, attributes, hash);
        again = Files.readAttributes(file, BasicFileAttributes.class);
      } catch (NoSuchFileException _) {
        errors.requireDirectory("looking at " + file);
        if (Files.isSymbolicLink(file)) {
          throw brokenLink("looking at " + file);
        }
        return Optional.empty();
      }
    } while (!DirectorySidecar.identity(attributes).equals(DirectorySidecar.identity(again)));
    if (!attributes.isRegularFile()) {
      throw refused(
          Reason.CONFIGURATION,
          "looking at " + file,
          "it is not a file; the name of an archive ends with a slash",
          null);
    }
    DirectorySidecar.Entry known = entry.orElse(null);
    return Optional.of(
        info(key, attributes, known, known == null ? RqliteMetadata.of(file) : known.metadata()));
  }

  private static ObjectInfo info(
      String key,
      BasicFileAttributes attributes,
      DirectorySidecar.@Nullable Entry entry,
      Map<String, String> metadata) {
    return new ObjectInfo(
        key,
        attributes.size(),
        // By content where it is known, so that it outlives a copy of the whole directory.
        entry == null ? DirectorySidecar.identity(attributes) : entry.etag(),
        null,
        attributes.lastModifiedTime().toInstant(),
        metadata);
  }

  private Path file(String key) {
    return DirectoryKeys.file(directory, key);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException _) {
      // It was only read from.
    }
  }
}
