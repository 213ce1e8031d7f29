package io.liferaft.backup;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.sqlite.DatabaseFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Makes a copy smaller before it is sent: what is hashed, compared and uploaded is the vacuumed
 * file. Whether a backup is due is decided before, from the log, and does not depend on it. For one
 * round at a time.
 */
final class Vacuuming {

  private static final String PREFIX = "upload-";

  /** Left to the log and to everybody else on the disk. */
  private static final long SPARED_BYTES = 64L << 20;

  private final Path folder;

  /**
   * @param folder of the node, for files that are worth nothing after a restart
   */
  Vacuuming(Path folder) {
    this.folder = folder;
  }

  /**
   * The same database without gaps, in a file of its own that closing deletes. The copy that was
   * given may be closed as soon as this returns.
   *
   * @throws IOException when the disk fails or has no room for the database twice
   */
  ClusterCopy of(ClusterCopy copy) throws IOException {
    Files.createDirectories(folder);
    sweep();
    long bytes = copy.file().sizeBytes();
    if (Files.getFileStore(folder).getUsableSpace() - SPARED_BYTES < 2 * bytes) {
      throw new IOException(
          "the disk of %s has no room for twice %d bytes, which liferaft.backup.vacuum needs"
              .formatted(folder, bytes));
    }
    Path raw = Files.createTempFile(folder, PREFIX, ".raw");
    Path small = Files.createTempFile(folder, PREFIX, ".sqlite");
    boolean done = false;
    try {
      CopyFile.write(copy.file(), raw);
      DatabaseFile.vacuum(raw, small);
      ClusterCopy vacuumed =
          new ClusterCopy(new PrivateCopy(small, copy.file().payload()), copy.state(), copy.term());
      done = true;
      return vacuumed;
    } finally {
      Files.deleteIfExists(raw);
      if (!done) {
        Files.deleteIfExists(small);
      }
    }
  }

  /** Of a process that was killed, or of a vacuum that went on after its round was interrupted. */
  private void sweep() throws IOException {
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, PREFIX + "*")) {
      for (Path leftover : leftovers) {
        Files.deleteIfExists(leftover);
      }
    }
  }
}
