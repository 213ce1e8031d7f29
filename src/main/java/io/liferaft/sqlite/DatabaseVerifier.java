package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Checks a file that is offered as a database, without leaving a trace on disk. */
final class DatabaseVerifier {

  static final int HEADER = 100;
  private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
  private static final int SMALLEST_PAGE = 512;
  private static final int LARGEST_PAGE = 65_536;

  private DatabaseVerifier() {}

  /**
   * Whether the file holds no object; throws when it is not sound. Waits for a native call that is
   * as long as the file is large, and that no interrupt ends: it would pin the carrier of a virtual
   * thread, so it has a thread of its own.
   */
  static boolean verify(Path file) throws IOException {
    FutureTask<Boolean> task = new FutureTask<>(() -> verifyHere(file));
    Thread _ = Thread.ofPlatform().name("sqlite-verify").daemon(true).start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException known -> throw known;
        case Error error -> throw error;
        case null, default -> throw new SqliteException(file + " cannot be checked", e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static boolean verifyHere(Path file) throws IOException {
    checkHeader(file);
    try (NativeConnection connection = NativeConnection.immutable(file)) {
      // Not quick_check: an index that does not fit its table passes that, and then the first write
      // that meets it fails on every node, again and again.
      String found = connection.text("PRAGMA integrity_check(1)");
      if (!found.equals("ok")) {
        throw invalid("integrity_check says: " + found, null);
      }
      if (!SchemaFacts.sequenceIsSound(connection)) {
        throw invalid("its sqlite_sequence is not what AUTOINCREMENT needs", null);
      }
      return SchemaFacts.isEmpty(connection);
    } catch (SQLException e) {
      throw invalid(SqliteErrors.message(e), e);
    }
  }

  /** Throws when SQLite would refuse the file at once; does not read the whole of it. */
  static void checkOpens(Path file) throws IOException {
    checkHeader(file);
    try (NativeConnection connection = NativeConnection.immutable(file)) {
      long _ = connection.number("SELECT count(*) FROM sqlite_schema");
    } catch (SQLException e) {
      throw invalid(SqliteErrors.message(e), e);
    }
  }

  private static void checkHeader(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER);
      while (header.hasRemaining() && channel.read(header, header.position()) >= 0) {
        // reads on until the header is full or the file ends
      }
      if (header.position() < HEADER) {
        throw invalid("it is only " + channel.size() + " bytes long", null);
      }
      for (int i = 0; i < MAGIC.length; i++) {
        if (header.get(i) != MAGIC[i]) {
          throw invalid("it does not begin with \"SQLite format 3\"", null);
        }
      }
      int stored = header.getShort(16) & 0xFFFF;
      int page = stored == 1 ? LARGEST_PAGE : stored;
      if (page < SMALLEST_PAGE || Integer.bitCount(page) != 1) {
        throw invalid("its header says a page has " + page + " bytes", null);
      }
      long pages = header.getInt(28) & 0xFFFF_FFFFL;
      boolean known = header.getInt(24) == header.getInt(92) && pages > 0;
      long size = channel.size();
      if (size % page != 0 || (known && size < pages * page)) {
        throw invalid(
            "it is truncated: it has " + size + " bytes, its header says " + pages * page, null);
      }
    }
  }

  /** Without the file's name: whoever sent it knows it under another one. */
  private static SqliteException.InvalidDatabase invalid(String what, @Nullable Throwable cause) {
    return new SqliteException.InvalidDatabase(what, cause);
  }
}
