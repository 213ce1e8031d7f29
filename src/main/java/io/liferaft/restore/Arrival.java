package io.liferaft.restore;

import io.liferaft.archive.FetchProgress;
import io.liferaft.raft.LoadSource;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A backup on its way to this node, whose start can be loaded while its end is fetched. It is
 * fetched and verified on a thread of its own, from {@link #begin} to {@link #close}.
 */
final class Arrival implements LoadSource, AutoCloseable {

  /** Brings and verifies the whole; how far it is, is told meanwhile. */
  interface Work {
    /** Returns the hash of the file. */
    String run(FetchProgress progress) throws IOException, InterruptedException;
  }

  private final long sizeBytes;
  private final Thread thread;
  private @Nullable FileChannel file;
  private long there;
  private @Nullable String sha256;
  private @Nullable Throwable failure;

  private Arrival(long sizeBytes, Work work) {
    this.sizeBytes = sizeBytes;
    this.thread = Thread.ofPlatform().name("liferaft-arrival").unstarted(() -> run(work));
  }

  /**
   * @param sizeBytes of the whole
   */
  static Arrival begin(long sizeBytes, Work work) {
    Arrival arrival = new Arrival(sizeBytes, work);
    arrival.thread.start();
    return arrival;
  }

  private void run(Work work) {
    @Nullable String hash = null;
    @Nullable Throwable thrown = null;
    try {
      hash =
          work.run(
              new FetchProgress() {
                @Override
                public void fetched(long storedBytes) {}

                @Override
                public void verified(Path part, long bytes) {
                  arrived(part, bytes);
                }
              });
    } catch (Throwable e) {
      thrown = e;
    }
    synchronized (this) {
      if (thrown == null && there != sizeBytes) {
        thrown =
            new IllegalStateException(
                "the backup has %d bytes and not %d".formatted(there, sizeBytes));
      }
      sha256 = thrown == null ? hash : null;
      failure = thrown;
      notifyAll();
    }
  }

  private synchronized void arrived(Path part, long bytes) {
    try {
      if (file == null) {
        file = FileChannel.open(part); // stays the same file when it is renamed
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    there = bytes;
    notifyAll();
  }

  /** Whether all is there and right. */
  synchronized boolean isWhole() {
    return sha256 != null;
  }

  /** Of the file, as the archive tells it; only when all is there. */
  synchronized String sha256() {
    return Objects.requireNonNull(sha256);
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public synchronized void awaitWhole() throws IOException {
    await(() -> sha256 != null);
  }

  /** Throws what ended the work before. */
  private synchronized void await(BooleanSupplier reached) throws IOException {
    while (!reached.getAsBoolean()) {
      requireGoingOn();
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while the backup was on its way");
      }
    }
  }

  private void requireGoingOn() {
    switch (failure) {
      case null -> {}
      case IOException e -> throw new UncheckedIOException(e);
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  @Override
  public InputStream open() {
    return new InputStream() {
      private long at;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        if (at == sizeBytes || length == 0) {
          return at == sizeBytes ? -1 : 0;
        }
        int n = readAt(ByteBuffer.wrap(into, offset, length), at);
        at += n;
        return n;
      }
    };
  }

  private int readAt(ByteBuffer into, long at) throws IOException {
    FileChannel channel;
    synchronized (this) {
      await(() -> there > at);
      channel = Objects.requireNonNull(file);
      into.limit(into.position() + (int) Math.min(into.remaining(), there - at));
    }
    int n = channel.read(into, at);
    if (n < 0) {
      throw new EOFException("the download has become shorter");
    }
    return n;
  }

  /** Ends the work, if it still goes on, and waits for that. */
  @Override
  public void close() throws IOException {
    boolean interrupted = false;
    thread.interrupt();
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      if (file != null) {
        file.close();
      }
    }
  }

  @Override
  public String toString() {
    return "a backup of " + sizeBytes + " bytes";
  }
}
