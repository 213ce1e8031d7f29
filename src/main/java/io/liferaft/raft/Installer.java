package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the leader's copy when this node is behind the leader's log: page by page over the Raft
 * port, each page with its hash, into a file beside the database, under a lease that also holds the
 * leader's log. What was taken before a cut is not taken again while the leader's record is the
 * same. One at a time. What becomes of the copy is for the caller to say.
 */
final class Installer {

  /** A copy that lies ready here, as of its record; to be given back with {@link #end}. */
  record Fetched(String address, Peers.CopyTicket ticket, StatePayload payload) {

    long index() {
      return payload.state().appliedIndex();
    }
  }

  /**
   * What lies in the staged file, or is being written to it: a leader's file as of a record. The
   * file is the same only while that node has led all the time.
   */
  private record Begun(String address, long term, byte[] record, long sizeBytes) {
    boolean sameAs(Begun other) {
      return address.equals(other.address)
          && term == other.term
          && sizeBytes == other.sizeBytes
          && Arrays.equals(record, other.record);
    }
  }

  /** Before anything is asked for. */
  interface Check {
    void run() throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(Installer.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration AGAIN_AFTER = Duration.ofSeconds(1);
  private static final long PAUSE_NANOS = Duration.ofMillis(250).toNanos();

  private final Path folder;
  private final FileBorder files;
  private final Peers peers;
  private final Executor executor;
  private final CopyFetch database;
  private volatile @Nullable Begun begun;
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile long notBefore = System.nanoTime();
  private volatile @Nullable String lastFailure;

  Installer(Path folder, FileBorder files, Peers peers, Executor executor) {
    this.folder = folder;
    this.files = files;
    this.peers = peers;
    this.executor = executor;
    this.database = new CopyFetch(files, System::nanoTime, Installer::pause);
  }

  /** Whether a copy is being taken or waits to become the database. */
  boolean running() {
    return running.get();
  }

  /**
   * Fetches the copy, unless one is being taken or has just failed; returns at once.
   *
   * @param term in which it leads
   * @param check throws when the copy is not to be taken
   * @param then gets the copy, on a thread that may wait
   */
  void take(String address, long term, Check check, Consumer<Fetched> then) {
    if (System.nanoTime() - notBefore < 0 || !running.compareAndSet(false, true)) {
      return;
    }
    executor.execute(() -> {
      Fetched copy;
      try {
        check.run();
        copy = fetch(address, term);
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

  /** Bytes taken of the copy under way, or the last one. */
  long receivedBytes() {
    return database.receivedBytes();
  }

  /** Bytes of the copy under way, or the last one. */
  long sizeBytes() {
    return database.sizeBytes();
  }

  private Fetched fetch(String address, long term) throws IOException {
    Peers.CopyTicket ticket = peers.openCopy(address, true, TIMEOUT);
    Begun last = begun;
    Begun now = new Begun(address, term, ticket.record(), ticket.sizeBytes());
    long from = last != null && last.sameAs(now) ? database.receivedBytes() : 0;
    begun = now;
    try {
      files.delete(stagedLoad());
      StatePayload payload = StatePayload.decode(ticket.record());
      log.info(
          "Taking the leader's copy: {} bytes, up to log index {}, from {}, beginning at {}",
          ticket.sizeBytes(),
          payload.state().appliedIndex(),
          address,
          from);
      database.into(stagedDatabase(), from, ticket.sizeBytes(), source(address, ticket, false));
      OpenLoad load = payload.load();
      if (load != null) {
        new CopyFetch(files, System::nanoTime, Installer::pause)
            .into(stagedLoad(), 0, load.receivedBytes(), source(address, ticket, true));
      }
      return new Fetched(address, ticket, payload);
    } catch (IOException | RuntimeException e) {
      release(address, ticket.ticket());
      throw e;
    }
  }

  private CopyFetch.Source source(String address, Peers.CopyTicket ticket, boolean load) {
    return (offset, length) ->
        peers.readCopy(address, ticket.ticket(), load, offset, length, TIMEOUT);
  }

  private static void pause() throws InterruptedException {
    LockSupport.parkNanos(PAUSE_NANOS);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  private Path stagedDatabase() {
    return folder.resolve("install.sqlite");
  }

  private Path stagedLoad() {
    return folder.resolve("install.load");
  }

  /** Makes the copy the database; on the apply thread, while nothing is applied. */
  void switchTo(Fetched copy, Replica replica) throws IOException {
    OpenLoad load = copy.payload().load();
    if (load != null) {
      files.rename(stagedLoad(), replica.stagingPath(load));
    }
    begun = null;
    replica.install(stagedDatabase(), copy.ticket().record(), copy.ticket().foreignKeys());
    log.info("This node goes on from the leader's copy at log index {}", copy.index());
    lastFailure = null;
  }

  /** The copy is used, or of no use. */
  void end(Fetched copy) {
    running.set(false);
    executor.execute(() -> release(copy.address(), copy.ticket().ticket()));
  }

  private void release(String address, long ticket) {
    try {
      peers.closeCopy(address, ticket, Duration.ofSeconds(5));
    } catch (RuntimeException e) {
      log.debug("The lease at {} ends by itself: {}", address, e.toString());
    }
  }
}
