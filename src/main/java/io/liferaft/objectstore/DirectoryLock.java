package io.liferaft.objectstore;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Held while a condition is checked and the file switched: among the threads of this process and
 * among all processes that use the directory. Whoever opens it closes it.
 */
final class DirectoryLock implements AutoCloseable {

  static final String FILE_NAME = ".liferaft-lock";

  /** File locks belong to the process, so its threads need one of their own. */
  private static final ConcurrentMap<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

  private final ReentrantLock threads;
  private final FileChannel channel;
  private final FileLock processes;

  private DirectoryLock(ReentrantLock threads, FileChannel channel, FileLock processes) {
    this.threads = threads;
    this.channel = channel;
    this.processes = processes;
  }

  static DirectoryLock acquire(Path directory) throws IOException {
    ReentrantLock threads =
        THREADS.computeIfAbsent(directory.toRealPath(), _ -> new ReentrantLock());
    threads.lock();
    boolean held = false;
    try {
      FileChannel channel =
          FileChannel.open(
              directory.resolve(FILE_NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        DirectoryLock lock = new DirectoryLock(threads, channel, channel.lock());
        held = true;
        return lock;
      } finally {
        if (!held) {
          channel.close();
        }
      }
    } finally {
      if (!held) {
        threads.unlock();
      }
    }
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      processes.release();
    } finally {
      threads.unlock();
    }
  }
}
