package io.liferaft.raft;

import io.liferaft.raft.LogCommand.LoadKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends a file through the log in chunks and commits it: begin, chunks in order with few under way,
 * commit. Before the commit nothing has taken effect anywhere. Waits, also for a file that is on
 * its way.
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
  private final BooleanSupplier leads;
  private final Pause pause;
  private final Form form;

  /** What the entries of a load look like. */
  enum Form {
    /** Of old: the whole is hashed before it begins. */
    HASHED(LoadBytes.Packing.DEFLATE),
    /** Begins before the whole is there: {@link LogCommandCodec#LOAD_BEGIN_BY_CHAIN}. */
    CHAINED(LoadBytes.Packing.ZSTD);

    private final LoadBytes.Packing packing;

    Form(LoadBytes.Packing packing) {
      this.packing = packing;
    }
  }

  /**
   * @param submit appends a command, in the order of the calls
   * @param open the open load that this node knows, null for none
   * @param leads whether this node does
   * @param form that every member can read
   */
  LoadSender(
      Function<LogCommand, CompletableFuture<Peers.Appended>> submit,
      Supplier<@Nullable OpenLoad> open,
      BooleanSupplier leads,
      Pause pause,
      Form form) {
    this.form = form;
    this.submit = submit;
    this.open = open;
    this.leads = leads;
    this.pause = pause;
  }

  /**
   * Sends and commits.
   *
   * @param attempt restore attempt; -1 for a client's load
   * @param backup asked just before the commit, when the whole is there and right
   * @param progress told the bytes that have been applied
   * @throws CommitUnknownException only when the fate of the commit is unknown
   */
  Peers.Appended send(
      LoadKind kind,
      long attempt,
      LoadSource source,
      long stepBudget,
      @Nullable String clusterId,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer progress) {
    long loadId = ThreadLocalRandom.current().nextLong();
    String chain;
    @Nullable BackupRecord record;
    try {
      String sha256 = form == Form.CHAINED ? "" : hashOfWhole(source);
      begin(
          new LogCommand.LoadBegin(
              loadId, kind, attempt, source.sizeBytes(), sha256, attempt >= 0));
      chain = chunks(loadId, source, sha256, progress);
      record = backup.get();
    } catch (CommitUnknownException e) {
      // No commit has been sent, so nothing of the load can take effect.
      throw new NotLeaderException("the leader changed during the load; nothing was changed");
    } catch (InterruptedIOException e) {
      abort(loadId);
      throw new UncheckedIOException("the load was interrupted", e);
    } catch (IOException e) {
      abort(loadId);
      throw new UncheckedIOException("the file to load cannot be read: " + source, e);
    } catch (RuntimeException e) {
      if (leads.getAsBoolean()) {
        abort(loadId); // through another node it would wait for one that leads
      }
      throw e;
    }
    return await(
        submit.apply(
            new LogCommand.LoadCommit(loadId, chain, 0, 0, stepBudget, clusterId, record)));
  }

  private static String hashOfWhole(LoadSource source) throws IOException {
    source.awaitWhole();
    return OpenLoad.sha256(source.open());
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

  private String chunks(long loadId, LoadSource source, String sha256, LongConsumer progress)
      throws IOException {
    Queue<CompletableFuture<Peers.Appended>> underWay = new ArrayDeque<>();
    MessageDigest digest = sha256.isEmpty() ? null : OpenLoad.newSha256();
    String chain = "";
    long offset = 0;
    long applied = 0;
    try (InputStream in = source.open()) {
      for (byte[] bytes = in.readNBytes(LoadBytes.CHUNK);
          bytes.length > 0;
          bytes = in.readNBytes(LoadBytes.CHUNK)) {
        if (underWay.size() == MAX_UNDER_WAY) {
          await(underWay.remove());
          applied += LoadBytes.CHUNK;
          progress.accept(applied);
        }
        if (Thread.interrupted()) {
          throw new InterruptedIOException("interrupted");
        }
        if (digest != null) {
          digest.update(bytes);
        }
        chain = OpenLoad.chain(chain, bytes);
        underWay.add(
            submit.apply(
                new LogCommand.LoadChunk(
                    loadId,
                    offset,
                    bytes.length,
                    form.packing,
                    LoadBytes.pack(bytes, form.packing))));
        offset += bytes.length;
      }
    }
    while (!underWay.isEmpty()) {
      await(underWay.remove());
    }
    source.awaitWhole();
    progress.accept(offset);
    boolean hashed = digest == null || HexFormat.of().formatHex(digest.digest()).equals(sha256);
    if (!hashed || offset != source.sizeBytes()) {
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
