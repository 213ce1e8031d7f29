package io.liferaft.objectstore;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that gets its name only when it is complete. It is locked while somebody writes it, so
 * that what a crash left behind can be told from what is under way. Whoever opens it closes it,
 * which deletes it unless it was moved.
 */
final class TemporaryFile implements AutoCloseable {

  static final String PREFIX = ".liferaft-tmp-";

  private static final int MOST_TRIES = 100;

  /** Own files: opening and closing them once more would drop their lock. */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel channel;

  private TemporaryFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  static TemporaryFile create(Path folder) throws IOException {
    Path real = folder.toRealPath();
    for (int tries = MOST_TRIES; tries > 0; tries--) {
      TemporaryFile created = createOnce(real);
      // Between its making and its lock another process may have taken it for a leftover.
      if (Files.exists(created.path)) {
        return created;
      }
      created.close();
    }
    throw new IOException("every new file in " + real + " is deleted at once");
  }

  private static TemporaryFile createOnce(Path folder) throws IOException {
    Path path = folder.resolve(PREFIX + UUID.randomUUID());
    OPEN.add(path);
    boolean opened = false;
    try {
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try {
        var _ = channel.lock();
        opened = true;
        return new TemporaryFile(path, channel);
      } finally {
        if (!opened) {
          channel.close();
        }
      }
    } finally {
      if (!opened) {
        OPEN.remove(path);
      }
    }
  }

  Path path() {
    return path;
  }

  /** Closing this stream closes the file. */
  OutputStream stream() {
    return Channels.newOutputStream(channel);
  }

  void force() throws IOException {
    channel.force(true);
  }

  void moveTo(Path target) throws IOException {
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      Files.deleteIfExists(path);
    } finally {
      OPEN.remove(path);
    }
  }

  /** Deletes what crashed processes left in a folder. */
  static void sweep(Path folder) throws IOException {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder.toRealPath(), PREFIX + "*")) {
      for (Path file : files) {
        if (!OPEN.contains(file)) {
          deleteIfAbandoned(file);
        }
      }
    }
  }

  private static void deleteIfAbandoned(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException _) {
      // Its writer was faster.
    }
  }

  /** Makes renames in a folder durable. */
  static void forceFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
