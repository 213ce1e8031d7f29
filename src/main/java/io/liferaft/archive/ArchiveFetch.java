package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * Brings a backup of an archive into a file, several ranges at a time. Every chunk is checked
 * before it is written; what an earlier call or process brought is found by its hashes and not
 * fetched again.
 */
final class ArchiveFetch {

  private static final int ATTEMPTS = 6;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  /** Long enough for the store's speed, short enough to begin anew. */
  private static final long MOST_RANGE_BYTES = 4L << 20;

  /** Fetching what nobody wants is cheaper than another request. */
  private static final long MOST_GAP_BYTES = 64L << 10;

  private final ObjectStore store;
  private final ManifestStore manifests;
  private final ResumingFetch.Pause pause;

  /**
   * Packs that are gone or cut, and chunks that are wrong as {@code pack@offset}, since {@link
   * #forget}.
   */
  private final Set<String> bad = ConcurrentHashMap.newKeySet();

  ArchiveFetch(ObjectStore store, ManifestStore manifests, ResumingFetch.Pause pause) {
    this.store = store;
    this.manifests = manifests;
    this.pause = pause;
  }

  /** What is damaged may be mended by the next time that somebody looks at the place. */
  void forget() {
    bad.clear();
  }

  /** Wrong or missing chunks, with what {@link #bad} keeps of it. */
  private static final class Damaged extends CorruptBackupException {
    private final String what;

    Damaged(String message, @Nullable Throwable cause, String pack, String what) {
      super(message, cause, pack);
      this.what = what;
    }
  }

  private Damaged noted(Damaged damaged) {
    bad.add(damaged.what);
    return damaged;
  }

  /**
   * A piece of one pack.
   *
   * @param chunks that lie in it, by offset
   */
  private record Range(String pack, String key, long from, long bytes, List<Integer> chunks) {}

  /** As {@link BackupArchive#fetch}; chunks that were fetched stay for the next call. */
  String fetch(BackupId id, Path into, FetchProgress progress) {
    ChunkTable table = manifests.load(id, null).table();
    requireNotKnownAsBad(table);
    Path part = into.resolveSibling(into.getFileName() + ".part");
    try {
      if (Files.exists(into)) {
        Files.move(into, part, StandardCopyOption.REPLACE_EXISTING);
      }
      try (FileChannel file =
          FileChannel.open(
              part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        BitSet missing = missing(table, file);
        Ranges work = new Ranges(table, file, ranges(table, missing), missing, part, progress);
        work.tell();
        ParallelRuns.run(work.ranges.size(), work::bring);
        file.truncate(table.sizeBytes());
        file.force(true);
      }
      Files.move(part, into, StandardCopyOption.REPLACE_EXISTING);
      return table.treeSha256();
    } catch (IOException e) {
      throw new UncheckedIOException("fetching backup %s into %s failed".formatted(id, into), e);
    }
  }

  /** Older backups share packs with newer ones: what was bad a moment ago is not fetched again. */
  private void requireNotKnownAsBad(ChunkTable table) {
    if (bad.isEmpty()) {
      return;
    }
    for (int i = 0; i < table.count(); i++) {
      String pack = table.packList().get(table.pack(i)).name();
      if (bad.contains(pack) || bad.contains(pack + "@" + table.offset(i))) {
        throw new CorruptBackupException(
            "%s/%s is damaged, as was found before"
                .formatted(store.location(), manifests.packKey(pack)),
            null,
            pack);
      }
    }
  }

  /** Chunks that the file does not hold. */
  private static BitSet missing(ChunkTable table, FileChannel file) throws IOException {
    BitSet missing = new BitSet();
    byte[] chunk = new byte[ChunkTable.CHUNK_BYTES];
    for (int i = 0; i < table.count(); i++) {
      int length = table.length(i);
      ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, length);
      long at = (long) i * ChunkTable.CHUNK_BYTES;
      while (buffer.hasRemaining() && file.read(buffer, at + buffer.position()) > 0) {
        // until it is full or the file ends
      }
      if (buffer.hasRemaining() || !table.holds(i, chunk, length)) {
        missing.set(i);
      }
    }
    return missing;
  }

  private List<Range> ranges(ChunkTable table, BitSet chunks) {
    List<Integer> sorted =
        chunks.stream()
            .boxed()
            .sorted(
                Comparator.<Integer>comparingInt(table::pack)
                    .thenComparingLong(table::offset)
                    .thenComparingInt(i -> i))
            .toList();
    List<Range> ranges = new ArrayList<>();
    List<Integer> run = new ArrayList<>();
    long from = 0;
    long end = 0;
    for (int chunk : sorted) {
      boolean joins =
          !run.isEmpty()
              && table.pack(run.getFirst()) == table.pack(chunk)
              && table.offset(chunk) - end <= MOST_GAP_BYTES
              && table.offset(chunk) + table.storedLength(chunk) - from <= MOST_RANGE_BYTES;
      if (!joins) {
        add(ranges, table, run, from, end);
        run = new ArrayList<>();
        from = table.offset(chunk);
        end = from;
      }
      run.add(chunk);
      end = Math.max(end, table.offset(chunk) + table.storedLength(chunk));
    }
    add(ranges, table, run, from, end);
    // The start of the file first: it can be used while the rest is on its way.
    ranges.sort(Comparator.comparingInt(range -> Collections.min(range.chunks())));
    return ranges;
  }

  private void add(List<Range> ranges, ChunkTable table, List<Integer> run, long from, long end) {
    if (!run.isEmpty()) {
      String pack = table.packList().get(table.pack(run.getFirst())).name();
      ranges.add(new Range(pack, manifests.packKey(pack), from, end - from, run));
    }
  }

  /** What the threads of one fetch share. */
  private final class Ranges {
    private final ChunkTable table;
    private final FileChannel file;
    private final List<Range> ranges;
    private final BitSet missing;
    private final Path where;
    private final FetchProgress progress;
    private long fetched;
    private long verified = -1;

    Ranges(
        ChunkTable table,
        FileChannel file,
        List<Range> ranges,
        BitSet missing,
        Path where,
        FetchProgress progress) {
      this.table = table;
      this.file = file;
      this.ranges = ranges;
      this.missing = missing;
      this.where = where;
      this.progress = progress;
      this.fetched = table.storedBytes() - missing.stream().mapToLong(table::storedLength).sum();
    }

    synchronized void tell() {
      progress.fetched(fetched);
      int first = missing.nextSetBit(0);
      long bytes = first < 0 ? table.sizeBytes() : (long) first * ChunkTable.CHUNK_BYTES;
      if (bytes > verified) {
        verified = bytes;
        progress.verified(where, bytes);
      }
    }

    /** Brings one range, beginning anew where the store fails or sends something else. */
    void bring(int n) throws IOException {
      Range range = ranges.get(n);
      int corrupt = 0;
      for (int attempt = 1; ; attempt++) {
        try {
          read(range);
          break;
        } catch (Damaged e) {
          // Once more: it may have been damaged on its way.
          if (++corrupt > 1) {
            throw noted(e);
          }
        } catch (ObjectStoreException e) {
          if (e.reason() == Reason.NOT_FOUND) {
            throw noted(new Damaged(name(range) + " is gone", e, range.pack(), range.pack()));
          }
          if (e.reason() == Reason.PRECONDITION_FAILED) {
            throw noted(tooShort(range, e));
          }
          boolean again = e.reason() == Reason.UNAVAILABLE && attempt < ATTEMPTS;
          if (!again || Thread.currentThread().isInterrupted()) {
            throw e;
          }
          rest(FIRST_PAUSE.multipliedBy(1L << attempt), e);
        }
      }
      synchronized (this) {
        fetched += range.chunks().stream().mapToLong(table::storedLength).sum();
        range.chunks().forEach(missing::clear);
        tell();
      }
    }

    private void read(Range range) throws IOException {
      DataKey secret = table.packList().get(table.pack(range.chunks().getFirst())).key();
      SecretKey key = secret == null ? null : secret.derive(ChunkCodec.purpose(range.pack()));
      byte[] packed = new byte[ChunkCodec.mostPackedBytes(key != null)];
      byte[] chunk = new byte[ChunkTable.CHUNK_BYTES];
      long at = range.from();
      int packedLength = 0;
      try (InputStream in = store.getRange(range.key(), range.from(), range.bytes())) {
        for (int i : range.chunks()) {
          // Equal chunks lie in one place.
          if (table.offset(i) >= at) {
            packedLength = table.storedLength(i);
            skip(in, table.offset(i) - at, range);
            fill(in, packed, packedLength, range);
            at = table.offset(i) + packedLength;
          }
          int length = table.length(i);
          if (!ChunkCodec.unpack(packed, packedLength, chunk, length, key)
              || !table.holds(i, chunk, length)) {
            throw new Damaged(
                "%s is damaged: bytes %d to %d are not chunk %d"
                    .formatted(name(range), table.offset(i), table.offset(i) + packedLength, i),
                null,
                range.pack(),
                range.pack() + "@" + table.offset(i));
          }
          write(chunk, length, (long) i * ChunkTable.CHUNK_BYTES);
        }
      }
    }

    private void write(byte[] chunk, int length, long offset) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, length);
      while (buffer.hasRemaining()) {
        file.write(buffer, offset + buffer.position());
      }
    }
  }

  private void skip(InputStream in, long bytes, Range range) {
    try {
      in.skipNBytes(bytes);
    } catch (EOFException e) {
      throw tooShort(range, e);
    } catch (IOException e) {
      throw cut(range, e);
    }
  }

  private void fill(InputStream in, byte[] into, int length, Range range) {
    int n;
    try {
      n = in.readNBytes(into, 0, length);
    } catch (IOException e) {
      throw cut(range, e);
    }
    if (n < length) {
      throw tooShort(range, null);
    }
  }

  private String name(Range range) {
    return store.location() + "/" + range.key();
  }

  private Damaged tooShort(Range range, @Nullable Exception cause) {
    return new Damaged(
        name(range) + " is damaged: it is too short", cause, range.pack(), range.pack());
  }

  private ObjectStoreException cut(Range range, IOException e) {
    return new ObjectStoreException(
        Reason.UNAVAILABLE, "reading " + name(range) + " broke off: " + e.getMessage(), e);
  }

  private void rest(Duration duration, ObjectStoreException reason) {
    try {
      pause.last(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw reason;
    }
  }
}
