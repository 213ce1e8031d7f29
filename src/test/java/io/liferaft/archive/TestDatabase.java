package io.liferaft.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Bytes that change, and know since when. */
final class TestDatabase {

  private byte[] bytes;
  private long[] changedIn = {};
  private long state;
  private String file;
  private String generation = "generation-1";
  private long changeIndex = 1;

  TestDatabase(byte[] bytes) {
    this.bytes = bytes.clone();
    this.file = "file";
    this.changedIn = new long[units()];
  }

  static TestDatabase random(int units, long seed) {
    byte[] bytes = new byte[units * ChunkTable.CHUNK_BYTES];
    new Random(seed).nextBytes(bytes);
    return new TestDatabase(bytes);
  }

  private int units() {
    return ChunkTable.count(bytes.length);
  }

  byte[] bytes() {
    return bytes.clone();
  }

  long changeIndex() {
    return changeIndex;
  }

  /** Changes bytes at an offset. */
  TestDatabase set(long offset, byte... values) {
    changeIndex++;
    state++;
    System.arraycopy(values, 0, bytes, (int) offset, values.length);
    for (long unit = offset / ChunkTable.CHUNK_BYTES;
        unit * ChunkTable.CHUNK_BYTES < offset + values.length;
        unit++) {
      changedIn[(int) unit] = state;
    }
    return this;
  }

  /** Cuts it, or lets it grow by zeros. */
  TestDatabase resize(int size) {
    changeIndex++;
    state++;
    int first = Math.min(size, bytes.length) / ChunkTable.CHUNK_BYTES;
    bytes = Arrays.copyOf(bytes, size);
    changedIn = Arrays.copyOf(changedIn, units());
    Arrays.fill(changedIn, Math.min(first, units()), units(), state);
    return this;
  }

  /** Another file with the same bytes, as another node or a restored cluster has it. */
  TestDatabase elsewhere() {
    file = file + "'";
    return this;
  }

  TestDatabase newGeneration(String id) {
    changeIndex++;
    generation = id;
    return this;
  }

  BackupManifest manifest(@Nullable String sha256) {
    return manifest(sha256, Instant.parse("2026-11-24T06:15:00Z").plusSeconds(changeIndex));
  }

  /** Of a backup that was made at a time. */
  BackupManifest manifest(@Nullable String sha256, Instant created) {
    return new BackupManifest(
        "cluster",
        generation,
        3,
        changeIndex,
        sha256,
        bytes.length,
        false,
        List.of("n1=h:1", "n2=h:2"),
        "3.54.1",
        "0.1.0",
        created);
  }

  /** The database as it is now. */
  Source source() {
    return new Source();
  }

  final class Source implements DatabaseSource {
    private final byte[] now = bytes.clone();
    private final long[] units = changedIn.clone();
    private final Mark mark = new Mark(file, state);
    private long readBytes;
    private @Nullable IOException beforeVisible;

    TestDatabase database() {
      return TestDatabase.this;
    }

    /** How much of it has been read. */
    long readBytes() {
      return readBytes;
    }

    Source failBeforeVisible(IOException failure) {
      beforeVisible = failure;
      return this;
    }

    @Override
    public long sizeBytes() {
      return now.length;
    }

    @Override
    public int read(long offset, ByteBuffer into) {
      int length = (int) Math.min(into.remaining(), now.length - offset);
      if (length <= 0) {
        return -1;
      }
      into.put(now, (int) offset, length);
      readBytes += length;
      return length;
    }

    @Override
    public Mark mark() {
      return mark;
    }

    @Override
    public Optional<BitSet> changedSince(Mark earlier) {
      if (!earlier.file().equals(mark.file())) {
        return Optional.empty();
      }
      BitSet changed = new BitSet();
      for (int i = 0; i < units.length; i++) {
        changed.set(i, units[i] > earlier.state());
      }
      return Optional.of(changed);
    }

    @Override
    public void beforeVisible() throws IOException {
      if (beforeVisible != null) {
        throw beforeVisible;
      }
    }
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
