package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second process, or a second store in this one, out of the folder. */
final class FolderLock implements AutoCloseable {

  private final FileChannel channel;

  private FolderLock(FileChannel channel) {
    this.channel = channel;
  }

  static FolderLock acquire(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new FolderLock(channel);
      }
    } catch (OverlappingFileLockException _) {
      // another store of this process has it
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    throw new SqliteException.FolderInUse(
        "the data folder " + file.getParent() + " is in use by another process");
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
