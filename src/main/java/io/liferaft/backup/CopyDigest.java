package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.DatabaseSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a copy tells of itself when it is read.
 *
 * @param sha256 of the content, as the archive tells it
 * @param usedBytes without free pages; -1 when the file does not say
 * @param empty the schema holds no object
 * @param sqliteVersion of the library that last wrote the file; null when it does not say
 */
record CopyDigest(
    String sha256, long sizeBytes, long usedBytes, boolean empty, @Nullable String sqliteVersion) {

  // sqlite.org/fileformat2: page size (1 for 65,536), number of free pages; the version number of
  // the library; then, as the first page is the root
  // of the schema table, that page's kind (13 is a leaf) and its number of cells.
  private static final int PAGE_SIZE_OFFSET = 16;
  private static final int FREE_PAGES_OFFSET = 36;
  private static final int VERSION_OFFSET = 96;
  private static final int PAGE_KIND_OFFSET = 100;
  private static final int CELLS_OFFSET = 103;
  private static final int LEAF = 13;
  private static final int HEADER_BYTES = 108;

  /**
   * @param archive that says how content is hashed
   */
  static CopyDigest of(DatabaseSource database, BackupArchive archive) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    boolean known = database.read(0, header) == HEADER_BYTES;
    boolean empty =
        !known || (header.get(PAGE_KIND_OFFSET) == LEAF && header.getShort(CELLS_OFFSET) == 0);
    return new CopyDigest(
        archive.digest(database),
        database.sizeBytes(),
        known ? usedBytes(header, database.sizeBytes()) : -1,
        empty,
        known ? version(header.getInt(VERSION_OFFSET)) : null);
  }

  private static long usedBytes(ByteBuffer header, long sizeBytes) {
    int size = header.getShort(PAGE_SIZE_OFFSET) & 0xffff;
    long free = header.getInt(FREE_PAGES_OFFSET) & 0xffff_ffffL;
    return Math.max(0, sizeBytes - free * (size == 1 ? 65_536 : size));
  }

  private static @Nullable String version(int number) {
    return number == 0
        ? null
        : number / 1_000_000 + "." + number / 1_000 % 1_000 + "." + number % 1_000;
  }
}
