package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the leader's copy when this node is behind the leader's log: page by page over the Raft
 * port, each page with its hash, into a file beside the database, under a lease that also holds the
 * leader's log. One at a time. What becomes of the copy is for the caller to say.
 */
final class Installer {

  /** A copy that lies ready here, as of its record; to be given back with {@link #end}. */
  record Fetched(String address, Peers.CopyTicket ticket, StatePayload payload) {

    long index() {
      return payload.state().appliedIndex();
    }
  }

  /** Before anything is asked for. */
  interface Check {
    void run() throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(Installer.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration AGAIN_AFTER = Duration.ofSeconds(1);
  private static final int PAGE = 1024 * 1024;

  private final Path folder;
  private final FileBorder files;
  private final Peers peers;
  private final Executor executor;
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile long notBefore = System.nanoTime();
  private volatile @Nullable String lastFailure;

  Installer(Path folder, FileBorder files, Peers peers, Executor executor) {
    this.folder = folder;
    this.files = files;
    this.peers = peers;
    this.executor = executor;
  }

  /** Whether a copy is being taken or waits to become the database. */
  boolean running() {
    return running.get();
  }

  /**
   * Fetches the copy, unless one is being taken or has just failed; returns at once.
   *
   * @param check throws when the copy is not to be taken
   * @param then gets the copy, on a thread that may wait
   */
  void take(String address, Check check, Consumer<Fetched> then) {
    if (System.nanoTime() - notBefore < 0 || !running.compareAndSet(false, true)) {
      return;
    }
    executor.execute(() -> {
      Fetched copy;
      try {
        check.run();
        copy = fetch(address);
      } catch (IOException | RuntimeException e) {
        failed(e);
        running.set(false);
        return;
      }
      then.accept(copy);
    });
  }

  /** It did not become the database; says so once for a cause. */
  void failed(Throwable failure) {
    String reason = failure.toString();
    if (!reason.equals(lastFailure)) {
      log.warn("The leader's copy could not be taken, it is tried again: {}", reason);
    }
    lastFailure = reason;
    notBefore = System.nanoTime() + AGAIN_AFTER.toNanos();
  }

  private Fetched fetch(String address) throws IOException {
    discard();
    Peers.CopyTicket ticket = peers.openCopy(address, true, TIMEOUT);
    try {
      StatePayload payload = StatePayload.decode(ticket.record());
      log.info(
          "Taking the leader's copy: {} bytes, up to log index {}, from {}",
          ticket.sizeBytes(),
          payload.state().appliedIndex(),
          address);
      copy(address, ticket.ticket(), false, stagedDatabase(), ticket.sizeBytes());
      OpenLoad load = payload.load();
      if (load != null) {
        copy(address, ticket.ticket(), true, stagedLoad(), load.receivedBytes());
      }
      return new Fetched(address, ticket, payload);
    } catch (IOException | RuntimeException e) {
      release(address, ticket.ticket());
      throw e;
    }
  }

  private Path stagedDatabase() {
    return folder.resolve("install.sqlite");
  }

  private Path stagedLoad() {
    return folder.resolve("install.load");
  }

  private void copy(String address, long ticket, boolean load, Path into, long sizeBytes)
      throws IOException {
    try (FileChannel out =
        FileChannel.open(
            into,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      long offset = 0;
      while (offset < sizeBytes) {
        int length = (int) Math.min(PAGE, sizeBytes - offset);
        byte[] bytes = peers.readCopy(address, ticket, load, offset, length, TIMEOUT);
        if (bytes.length == 0) {
          throw new IOException("the leader's copy ends at " + offset + " of " + sizeBytes);
        }
        files.run(
            "write a page of the leader's copy",
            () -> {
              ByteBuffer buffer = ByteBuffer.wrap(bytes);
              while (buffer.hasRemaining()) {
                int _ = out.write(buffer);
              }
            });
        offset += bytes.length;
      }
    }
    files.force(into);
  }

  /** Makes the copy the database; on the apply thread, while nothing is applied. */
  void switchTo(Fetched copy, Replica replica) throws IOException {
    OpenLoad load = copy.payload().load();
    if (load != null) {
      files.rename(stagedLoad(), replica.stagingPath(load));
    }
    replica.install(stagedDatabase(), copy.ticket().record(), copy.ticket().foreignKeys());
    log.info("This node goes on from the leader's copy at log index {}", copy.index());
    lastFailure = null;
  }

  /** The copy is used, or of no use. */
  void end(Fetched copy) {
    running.set(false);
    executor.execute(() -> release(copy.address(), copy.ticket().ticket()));
  }

  private void discard() throws IOException {
    files.delete(stagedDatabase());
    files.delete(stagedLoad());
  }

  private void release(String address, long ticket) {
    try {
      peers.closeCopy(address, ticket, Duration.ofSeconds(5));
    } catch (RuntimeException e) {
      log.debug("The lease at {} ends by itself: {}", address, e.toString());
    }
  }
}
