package io.liferaft.sqlite;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The main database file, read beside SQLite through one descriptor that stays open as long as the
 * file lives: closing any other would drop SQLite's locks. Not a channel, because an interrupt of
 * the reading thread would close that.
 */
final class MainFile implements AutoCloseable {

  private static final int HEADER = 100;
  private static final int CHUNK = 256 * 1024;

  private final Path path;
  private final RandomAccessFile file;

  MainFile(Path path) throws IOException {
    this.path = path;
    this.file = new RandomAccessFile(path.toFile(), "r");
  }

  Path path() {
    return path;
  }

  RandomAccessFile descriptor() {
    return file;
  }

  synchronized long size() throws IOException {
    return file.length();
  }

  /** Fills the buffer from an offset on, straight into its array; -1 at or behind the end. */
  int read(long offset, ByteBuffer into) throws IOException {
    int total = 0;
    while (into.hasRemaining()) {
      int wanted = Math.min(CHUNK, into.remaining());
      int n = readChunk(offset + total, into.array(), into.arrayOffset() + into.position(), wanted);
      if (n < 0) {
        return total == 0 ? -1 : total;
      }
      into.position(into.position() + n);
      total += n;
    }
    return total;
  }

  /** The lock is given back after each, for whoever else reads. */
  private synchronized int readChunk(long offset, byte[] into, int at, int length)
      throws IOException {
    if (offset >= file.length()) {
      return -1;
    }
    file.seek(offset);
    return file.read(into, at, length);
  }

  /** Hash of the database header. */
  String headerHash() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    if (read(0, header) < HEADER) {
      throw new IOException(path + " is too short for a database");
    }
    return SnapshotRecord.hash(header.array());
  }

  static long modifiedNanos(Path path) throws IOException {
    return Files.getLastModifiedTime(path).to(TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
