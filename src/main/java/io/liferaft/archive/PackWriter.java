package io.liferaft.archive;

import io.liferaft.objectstore.ObjectWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * Writes chunks of a database, one after the other, each packed by itself, and keeps where each
 * lies. What is read must have the hash of the survey. Packing has threads of its own, so that
 * reading and sending go on meanwhile; who reads and sends packs, too, where it would only wait.
 */
final class PackWriter implements ObjectWriter {

  /** Half of the processors are left to those who wait for answers. */
  private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

  /** Chunks given to the threads; each on its way holds twice its size. */
  private static final int AHEAD = 4 * THREADS;

  private static final int MOST_ON_THEIR_WAY = 2 * AHEAD;

  private final Survey survey;
  private final List<Integer> chunks;
  private final int level;
  private final @Nullable SecretKey key;
  private final long[] offsets;
  private final int[] lengths;
  private long count;

  /**
   * @param chunks to write, in order
   * @param level of zstd; 0 leaves them as they are
   * @param key of the pack; null to encrypt nothing
   */
  PackWriter(Survey survey, List<Integer> chunks, int level, @Nullable SecretKey key) {
    this.survey = survey;
    this.chunks = chunks;
    this.level = level;
    this.key = key;
    this.offsets = new long[chunks.size()];
    this.lengths = new int[chunks.size()];
  }

  /**
   * A chunk ready to be sent.
   *
   * @param bytes of which the first {@code length} count
   */
  private record Packed(byte[] bytes, int length) {}

  @Override
  public long mostBytes() {
    return (long) chunks.size() * ChunkCodec.mostPackedBytes(key != null);
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    count = 0;
    if (chunks.size() <= AHEAD) {
      for (int n = 0; n < chunks.size(); n++) {
        write(out, n, pack(chunks.get(n), read(chunks.get(n))));
      }
      return;
    }
    ExecutorService packing =
        Executors.newFixedThreadPool(
            THREADS, Thread.ofPlatform().name("liferaft-pack-", 1).daemon().factory());
    try {
      writeAhead(out, packing);
    } finally {
      packing.shutdownNow();
    }
  }

  private void writeAhead(OutputStream out, ExecutorService packing) throws IOException {
    ArrayDeque<Future<Packed>> ahead = new ArrayDeque<>();
    int written = 0;
    for (int chunk : chunks) {
      while (ahead.size() == MOST_ON_THEIR_WAY || (!ahead.isEmpty() && ahead.peek().isDone())) {
        write(out, written++, await(ahead.remove()));
      }
      byte[] bytes = read(chunk);
      long given = ahead.stream().filter(one -> !one.isDone()).count();
      ahead.add(
          given < AHEAD
              ? packing.submit(() -> pack(chunk, bytes))
              : CompletableFuture.completedFuture(pack(chunk, bytes)));
    }
    while (!ahead.isEmpty()) {
      write(out, written++, await(ahead.remove()));
    }
  }

  private static Packed await(Future<Packed> packed) throws IOException {
    try {
      return packed.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    }
  }

  private byte[] read(int chunk) throws IOException {
    byte[] bytes = new byte[ChunkTable.length(survey.source().sizeBytes(), chunk)];
    Survey.read(survey.source(), chunk, bytes, bytes.length);
    return bytes;
  }

  private Packed pack(int chunk, byte[] bytes) throws IOException {
    if (!survey.holds(chunk, bytes, bytes.length)) {
      throw new IOException("chunk " + chunk + " of the database is another one than a moment ago");
    }
    byte[] packed = new byte[ChunkCodec.mostBytes()];
    return new Packed(packed, ChunkCodec.pack(bytes, bytes.length, packed, level, key));
  }

  private void write(OutputStream out, int n, Packed packed) throws IOException {
    out.write(packed.bytes(), 0, packed.length());
    offsets[n] = count;
    lengths[n] = packed.length();
    count += packed.length();
  }

  /** Where the n-th of the chunks lies. */
  long offset(int n) {
    return offsets[n];
  }

  int length(int n) {
    return lengths[n];
  }

  /** Everything that was written. */
  long bytes() {
    return count;
  }
}
