package io.liferaft.backup;

import io.liferaft.archive.StoredBackup;
import io.liferaft.sqlite.DatabaseCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/** Where a backup is fetched to in order to look at it; what is there is worth nothing. */
final class ScratchFolder {

  private static final Logger log = LoggerFactory.getLogger(ScratchFolder.class);

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 256L << 20;

  private final Path folder;

  ScratchFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * The file to fetch a backup into.
   *
   * @throws IOException when the disk has no room for it and for this node's own, if that is not
   *     there yet
   */
  Path fileFor(StoredBackup backup) throws IOException {
    Files.createDirectories(folder);
    long bytes = Math.max(backup.manifest().sizeBytes(), backup.storedBytes());
    long copies = Files.exists(own()) ? 1 : 2;
    if (Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES < copies * bytes) {
      throw new IOException(
          "the disk of %s has no room for %d times %d bytes".formatted(folder, copies, bytes));
    }
    return folder.resolve("database.sqlite");
  }

  /**
   * Writes a copy of the node's own database beside it.
   *
   * @throws IOException when the disk fails or has no room for it, or the caller is interrupted
   */
  Path write(DatabaseCopy copy) throws IOException {
    Files.createDirectories(folder);
    long bytes = copy.sizeBytes();
    if (Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES < bytes) {
      throw new IOException("the disk of %s has no room for %d bytes".formatted(folder, bytes));
    }
    CopyFile.write(copy, own());
    return own();
  }

  private Path own() {
    return folder.resolve("own.sqlite");
  }

  /** Deletes everything; what cannot be deleted only takes up room. */
  void clear() {
    try {
      FileSystemUtils.deleteRecursively(folder);
    } catch (IOException e) {
      log.debug("Leftovers of a fetched backup remain in {}", folder, e);
    }
  }
}
