package io.liferaft.raft;

import io.liferaft.raft.LogCommand.LoadKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends a file through the log in chunks and commits it: begin, chunks in order with few under way,
 * commit. Before the commit nothing has taken effect anywhere. Waits; the file is only read.
 */
final class LoadSender {

  /** Chunks under way at a time; with their size they bound the heap of a load. */
  private static final int MAX_UNDER_WAY = 4;

  /** An open load that has not grown for this long has lost its sender. */
  private static final Duration FORGOTTEN = Duration.ofSeconds(10);

  /** Waits a moment, a tenth of a second or so. */
  interface Pause {
    void await() throws InterruptedException;
  }

  private final Function<LogCommand, CompletableFuture<Peers.Appended>> submit;
  private final Supplier<@Nullable OpenLoad> open;
  private final Pause pause;
  private final LoadBytes.Packing packing;

  /**
   * @param submit appends a command, in the order of the calls
   * @param open the open load that this node knows, null for none
   * @param packing that every member can read
   */
  LoadSender(
      Function<LogCommand, CompletableFuture<Peers.Appended>> submit,
      Supplier<@Nullable OpenLoad> open,
      Pause pause,
      LoadBytes.Packing packing) {
    this.packing = packing;
    this.submit = submit;
    this.open = open;
    this.pause = pause;
  }

  /**
   * Sends and commits.
   *
   * @param attempt restore attempt; -1 for a client's load
   * @param progress told the bytes that have been applied
   * @throws CommitUnknownException only when the fate of the commit is unknown
   */
  Peers.Appended send(
      LoadKind kind,
      long attempt,
      Path file,
      long stepBudget,
      @Nullable String clusterId,
      @Nullable BackupRecord backup,
      LongConsumer progress) {
    long loadId = ThreadLocalRandom.current().nextLong();
    String chain;
    try {
      long size = Files.size(file);
      String sha256 = OpenLoad.sha256(file);
      begin(new LogCommand.LoadBegin(loadId, kind, attempt, size, sha256, attempt >= 0));
      chain = chunks(loadId, file, sha256, progress);
    } catch (CommitUnknownException e) {
      // No commit has been sent, so nothing of the load can take effect.
      throw new NotLeaderException("the leader changed during the load; nothing was changed");
    } catch (IOException e) {
      abort(loadId);
      throw new UncheckedIOException("the file to load cannot be read: " + file, e);
    }
    return await(
        submit.apply(
            new LogCommand.LoadCommit(loadId, chain, 0, 0, stepBudget, clusterId, backup)));
  }

  /** Waits for its turn behind another load, and past one whose sender has gone. */
  private void begin(LogCommand.LoadBegin begin) {
    OpenLoad other = open.get();
    long since = System.nanoTime();
    boolean force = begin.force();
    while (true) {
      try {
        Peers.Appended _ =
            await(
                submit.apply(
                    new LogCommand.LoadBegin(
                        begin.loadId(),
                        begin.kind(),
                        begin.attempt(),
                        begin.sizeBytes(),
                        begin.sha256(),
                        force)));
        return;
      } catch (NotReadyException e) {
        OpenLoad now = open.get();
        if (now == null && other == null) {
          throw e;
        }
        if (!Objects.equals(now, other)) {
          other = now;
          since = System.nanoTime();
        }
        force = System.nanoTime() - since > FORGOTTEN.toNanos();
        try {
          pause.await();
        } catch (InterruptedException interrupted) {
          throw LeaderRouter.interrupted();
        }
      }
    }
  }

  private String chunks(long loadId, Path file, String sha256, LongConsumer progress)
      throws IOException {
    Queue<CompletableFuture<Peers.Appended>> underWay = new ArrayDeque<>();
    MessageDigest digest = OpenLoad.newSha256();
    String chain = "";
    long offset = 0;
    long applied = 0;
    try (InputStream in = Files.newInputStream(file)) {
      for (byte[] bytes = in.readNBytes(LoadBytes.CHUNK);
          bytes.length > 0;
          bytes = in.readNBytes(LoadBytes.CHUNK)) {
        if (underWay.size() == MAX_UNDER_WAY) {
          await(underWay.remove());
          applied += LoadBytes.CHUNK;
          progress.accept(applied);
        }
        if (Thread.interrupted()) {
          throw new IOException("interrupted");
        }
        digest.update(bytes);
        chain = OpenLoad.chain(chain, bytes);
        underWay.add(
            submit.apply(
                new LogCommand.LoadChunk(
                    loadId, offset, bytes.length, packing, LoadBytes.pack(bytes, packing))));
        offset += bytes.length;
      }
    }
    while (!underWay.isEmpty()) {
      await(underWay.remove());
    }
    progress.accept(offset);
    if (!HexFormat.of().formatHex(digest.digest()).equals(sha256)) {
      throw new IOException("the file changed while it was read");
    }
    return chain;
  }

  private void abort(long loadId) {
    var _ = submit.apply(new LogCommand.LoadAbort(loadId));
  }

  /** Waits for an entry to be applied; a refusal is an exception. */
  private static Peers.Appended await(CompletableFuture<Peers.Appended> future) {
    try {
      Peers.Appended appended = future.join();
      if (appended.applied() instanceof Applied.Refused refused) {
        throw refused.exception();
      }
      return appended;
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
