package io.liferaft.archive;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the chunks of one state of a database file lie, and their hashes. Chunk n holds the bytes
 * from {@code n * CHUNK_BYTES} on; the last one may be shorter. Some fifty bytes of memory a chunk.
 * Not changed once it is handed out.
 */
final class ChunkTable {

  static final int CHUNK_BYTES = DatabaseSource.UNIT_BYTES;
  static final int HASH_BYTES = 32;

  /** Their hashes have to fit into one array. */
  private static final int MOST_CHUNKS = (1 << 26) - 1;

  static final long MOST_BYTES = (long) MOST_CHUNKS * CHUNK_BYTES;

  /**
   * An object that holds chunks.
   *
   * @param name of the backup that wrote it, as {@link BackupId#fileName}
   * @param bytes size of the object
   * @param key that the chunks in it are encrypted with; null when they are not
   */
  record Pack(String name, long bytes, @Nullable DataKey key) {}

  /** Of a database without any bytes. */
  static final ChunkTable EMPTY =
      new ChunkTable(0, new byte[0], new int[0], new long[0], new int[0], List.of());

  private final long sizeBytes;
  private final byte[] hashes;
  private final int[] packs;
  private final long[] offsets;
  private final int[] lengths;
  private final List<Pack> packList;

  /**
   * Takes the arrays as its own.
   *
   * @param hashes {@code HASH_BYTES} for each chunk
   * @param packs for each chunk the place of its pack in {@code packList}
   */
  ChunkTable(
      long sizeBytes,
      byte[] hashes,
      int[] packs,
      long[] offsets,
      int[] lengths,
      List<Pack> packList) {
    this.sizeBytes = sizeBytes;
    this.hashes = hashes;
    this.packs = packs;
    this.offsets = offsets;
    this.lengths = lengths;
    this.packList = List.copyOf(packList);
  }

  /**
   * How many chunks a file of that size has.
   *
   * @throws IllegalArgumentException for more than 4 TiB or less than nothing
   */
  static int count(long sizeBytes) {
    if (sizeBytes < 0 || sizeBytes > MOST_BYTES) {
      throw new IllegalArgumentException("a database of " + sizeBytes + " bytes");
    }
    return (int) ((sizeBytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
  }

  /** Bytes of one chunk of a file of that size; 0 behind its end. */
  static int length(long sizeBytes, int chunk) {
    long left = sizeBytes - (long) chunk * CHUNK_BYTES;
    return (int) Math.max(0, Math.min(CHUNK_BYTES, left));
  }

  /** The hash of a database as its archive names it: of the hashes of its chunks, in order. */
  static String treeSha256(byte[] hashes) {
    return HexFormat.of().formatHex(VerifyingOutputStream.sha256().digest(hashes));
  }

  long sizeBytes() {
    return sizeBytes;
  }

  int count() {
    return packs.length;
  }

  int length(int chunk) {
    return length(sizeBytes, chunk);
  }

  byte[] hashes() {
    return hashes;
  }

  int pack(int chunk) {
    return packs[chunk];
  }

  long offset(int chunk) {
    return offsets[chunk];
  }

  /** Bytes of the chunk in its pack. */
  int storedLength(int chunk) {
    return lengths[chunk];
  }

  List<Pack> packList() {
    return packList;
  }

  String treeSha256() {
    return treeSha256(hashes);
  }

  boolean hasHash(int chunk, byte[] other, int at) {
    int from = chunk * HASH_BYTES;
    return Arrays.equals(hashes, from, from + HASH_BYTES, other, at, at + HASH_BYTES);
  }

  boolean holds(int chunk, byte[] bytes, int length) {
    MessageDigest digest = VerifyingOutputStream.sha256();
    digest.update(bytes, 0, length);
    return length(chunk) == length && hasHash(chunk, digest.digest(), 0);
  }

  /** What has to be fetched for the whole of it. */
  long storedBytes() {
    long sum = 0;
    for (int length : lengths) {
      sum += length;
    }
    return sum;
  }

  /** Stored bytes in use of each pack. */
  long[] liveBytes() {
    long[] live = new long[packList.size()];
    for (int i = 0; i < packs.length; i++) {
      live[packs[i]] += lengths[i];
    }
    return live;
  }

  /** Whether two tables say the same of a chunk, packs taken by their names. */
  boolean sameEntry(int chunk, ChunkTable other) {
    return chunk < other.count()
        && length(chunk) == other.length(chunk)
        && hasHash(chunk, other.hashes, chunk * HASH_BYTES)
        && offsets[chunk] == other.offsets[chunk]
        && lengths[chunk] == other.lengths[chunk]
        && packList.get(packs[chunk]).equals(other.packList.get(other.packs[chunk]));
  }
}
