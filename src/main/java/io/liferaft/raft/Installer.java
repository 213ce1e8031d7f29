package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the leader's copy when this node is behind the leader's log: page by page over the Raft
 * port, each page with its hash, into a file beside the database, under a lease that also holds the
 * leader's log. The switch itself is the state machine's.
 */
final class Installer {

  private record Fetched(
      String address, Peers.CopyTicket ticket, Path file, StatePayload payload) {}

  private static final Logger log = LoggerFactory.getLogger(Installer.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int PAGE = 1024 * 1024;

  private final Path folder;
  private final FileBorder files;
  private final Peers peers;
  private final Executor executor;
  private final AtomicInteger running = new AtomicInteger();
  private volatile @Nullable Fetched fetched;

  Installer(Path folder, FileBorder files, Peers peers, Executor executor) {
    this.folder = folder;
    this.files = files;
    this.peers = peers;
    this.executor = executor;
  }

  /** Whether a copy is being taken or waits to be switched to. */
  boolean running() {
    return running.get() > 0;
  }

  /**
   * Fetches the copy; returns at once.
   *
   * @param first first entry of the leader's log: at 0 no copy is needed
   * @param ownLast last entry of this node's log: a copy must reach at least as far
   * @return last entry in the copy; null when the leader's log has everything
   */
  CompletableFuture<@Nullable TermIndex> fetch(String address, long first, long ownLast) {
    if (first <= 0) {
      return CompletableFuture.completedFuture(null);
    }
    running.incrementAndGet();
    return CompletableFuture.<@Nullable TermIndex>supplyAsync(
            () -> {
              try {
                return fetchCopy(address, ownLast);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            },
            executor)
        .whenComplete((_, failure) -> {
          if (failure != null) {
            running.decrementAndGet();
            log.warn(
                "The leader's copy could not be taken, it is tried again: {}", failure.toString());
          }
        });
  }

  private TermIndex fetchCopy(String address, long ownLast) throws IOException {
    discard();
    Peers.CopyTicket ticket = peers.openCopy(address, TIMEOUT);
    try {
      StatePayload payload = StatePayload.decode(ticket.record());
      long index = payload.state().appliedIndex();
      if (index < ownLast) {
        throw new IOException(
            "the leader's copy reaches to entry %d, this node's log to %d"
                .formatted(index, ownLast));
      }
      log.info(
          "Taking the leader's copy: {} bytes, up to log index {}, from {}",
          ticket.sizeBytes(),
          index,
          address);
      Path file = folder.resolve("install.sqlite");
      copy(address, ticket.ticket(), false, file, ticket.sizeBytes());
      OpenLoad load = payload.load();
      if (load != null) {
        copy(address, ticket.ticket(), true, stagedLoad(), load.receivedBytes());
      }
      fetched = new Fetched(address, ticket, file, payload);
      return TermIndex.valueOf(payload.term(), index);
    } catch (IOException | RuntimeException e) {
      release(address, ticket.ticket());
      throw e;
    }
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

  /** Makes the fetched copy the database; on the apply thread, while nothing is applied. */
  void switchTo(Replica replica) throws IOException {
    Fetched copy = fetched;
    if (copy == null) {
      throw new IOException("no copy has been fetched");
    }
    OpenLoad load = copy.payload().load();
    if (load != null) {
      files.rename(stagedLoad(), replica.stagingPath(load));
    }
    replica.install(copy.file(), copy.ticket().record(), copy.ticket().foreignKeys());
    log.info(
        "This node goes on from the leader's copy at log index {}",
        copy.payload().state().appliedIndex());
    fetched = null;
    running.decrementAndGet();
    executor.execute(() -> release(copy.address(), copy.ticket().ticket()));
  }

  private void discard() throws IOException {
    Fetched old = fetched;
    if (old != null) {
      fetched = null;
      running.decrementAndGet();
      release(old.address(), old.ticket().ticket());
    }
    files.delete(folder.resolve("install.sqlite"));
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
