package io.liferaft.raft;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file to load, which may still be on its way: its start is read and sent while its end is
 * missing. Nothing of it takes effect before {@link #awaitWhole} has returned.
 */
public interface LoadSource {

  /** Bytes of the whole. */
  long sizeBytes() throws IOException;

  /**
   * The bytes from the start on. A read waits for what is on its way, and hands out nothing that
   * has not been checked as far as a part can be.
   *
   * @throws RuntimeException from a read: what keeps the rest from coming, as it was thrown
   */
  InputStream open() throws IOException;

  /**
   * Waits until all is there and the whole has been found right.
   *
   * @throws RuntimeException what is wrong with it, or keeps the rest from coming
   * @throws IOException when the wait is interrupted
   */
  void awaitWhole() throws IOException;

  /** A file that is there and needs no check. It is only read. */
  static LoadSource of(Path file) {
    return new LoadSource() {
      @Override
      public long sizeBytes() throws IOException {
        return Files.size(file);
      }

      @Override
      public InputStream open() throws IOException {
        return Files.newInputStream(file);
      }

      @Override
      public void awaitWhole() {}

      @Override
      public String toString() {
        return file.toString();
      }
    };
  }
}
