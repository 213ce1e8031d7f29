package io.liferaft.backup;

import io.liferaft.sqlite.DatabaseCopy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What one pass over a copy tells of it.
 *
 * @param empty the schema holds no object
 * @param sqliteVersion of the library that last wrote the file; null when it does not say
 */
record CopyDigest(String sha256, long sizeBytes, boolean empty, @Nullable String sqliteVersion) {

  private static final int BUFFER_BYTES = 256 * 1024;

  // sqlite.org/fileformat2: the version number of the library; then, as the first page is the root
  // of the schema table, that page's kind (13 is a leaf) and its number of cells.
  private static final int VERSION_OFFSET = 96;
  private static final int PAGE_KIND_OFFSET = 100;
  private static final int CELLS_OFFSET = 103;
  private static final int LEAF = 13;
  private static final int HEADER_BYTES = 108;

  static CopyDigest of(DatabaseCopy copy) throws IOException {
    MessageDigest digest = newSha256();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    boolean empty = true;
    String version = null;
    long offset = 0;
    while (copy.read(offset, buffer.clear()) > 0) {
      buffer.flip();
      if (offset == 0 && buffer.limit() >= HEADER_BYTES) {
        empty = buffer.get(PAGE_KIND_OFFSET) == LEAF && buffer.getShort(CELLS_OFFSET) == 0;
        version = version(buffer.getInt(VERSION_OFFSET));
      }
      offset += buffer.limit();
      digest.update(buffer);
    }
    return new CopyDigest(HexFormat.of().formatHex(digest.digest()), offset, empty, version);
  }

  /** What must hold for another piece to be written; throws when it does not. */
  interface Proviso {
    void require() throws IOException;
  }

  /** Writes the whole copy, asking before each piece of it; closes nothing. */
  static void write(DatabaseCopy copy, OutputStream out, Proviso proviso) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    long offset = 0;
    while (copy.read(offset, buffer.clear()) > 0) {
      proviso.require();
      buffer.flip();
      out.write(buffer.array(), 0, buffer.limit());
      offset += buffer.limit();
    }
  }

  private static @Nullable String version(int number) {
    return number == 0
        ? null
        : number / 1_000_000 + "." + number / 1_000 % 1_000 + "." + number % 1_000;
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
