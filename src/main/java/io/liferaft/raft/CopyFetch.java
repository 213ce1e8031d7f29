package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Writes what another node holds ready into a file, page by page. A cut connection costs a page and
 * not the copy: the page is asked for again for a while, and a later fetch of the same copy goes on
 * where this one ended. One fetch at a time; how far it is may be asked on any thread.
 */
final class CopyFetch {

  /** Gives a part of the copy, whole, or throws. */
  interface Source {
    byte[] page(long offset, int length);
  }

  /** Waits a moment before a page is asked for again. */
  interface Pause {
    void make() throws InterruptedException;
  }

  /** How long a page is asked for again; after that another node may lead. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  static final int PAGE = 1024 * 1024;

  private final FileBorder files;
  private final LongSupplier nanoTime;
  private final Pause pause;
  private volatile long receivedBytes;
  private volatile long sizeBytes;

  /**
   * @param nanoTime a clock that only goes forward, in nanoseconds
   */
  CopyFetch(FileBorder files, LongSupplier nanoTime, Pause pause) {
    this.files = files;
    this.nanoTime = nanoTime;
    this.pause = pause;
  }

  /** Of the fetch under way or the last one. */
  long receivedBytes() {
    return receivedBytes;
  }

  /** Of the fetch under way or the last one. */
  long sizeBytes() {
    return sizeBytes;
  }

  /**
   * Fetches into a file, which is durable on return.
   *
   * @param from bytes that it holds already, from an earlier fetch of the same copy
   * @throws RequestRefusedException when the other node has given the copy up
   * @throws IOException when it stopped coming, or came short
   */
  void into(Path file, long from, long size, Source source) throws IOException {
    long received = from;
    receivedBytes = from;
    sizeBytes = size;
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      FileChannel _ = out.truncate(from).position(from);
      while (received < size) {
        byte[] bytes = page(source, received, (int) Math.min(PAGE, size - received));
        if (bytes.length == 0) {
          throw new IOException("the leader's copy ends at " + received + " of " + size);
        }
        files.run(
            "write a page of the leader's copy",
            () -> {
              ByteBuffer buffer = ByteBuffer.wrap(bytes);
              while (buffer.hasRemaining()) {
                int _ = out.write(buffer);
              }
            });
        received += bytes.length;
        receivedBytes = received;
      }
    }
    files.force(file);
  }

  private byte[] page(Source source, long offset, int length) throws IOException {
    long end = 0;
    boolean again = false;
    while (true) {
      try {
        return source.page(offset, length);
      } catch (RequestRefusedException e) {
        throw e;
      } catch (RuntimeException e) {
        long now = nanoTime.getAsLong();
        if (!again) {
          again = true;
          end = now + PATIENCE.toNanos();
        } else if (now - end >= 0) {
          throw e;
        }
        try {
          pause.make();
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }
}
