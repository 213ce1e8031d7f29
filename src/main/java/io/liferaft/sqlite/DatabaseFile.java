package io.liferaft.sqlite;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * What can be made of a database file that nobody has open, such as a copy on disk. The file is
 * only read.
 */
public final class DatabaseFile {

  private static final int BUFFER_CHARS = 1 << 16;

  private DatabaseFile() {}

  /**
   * Writes the file as the SQL text that makes it again, a row at a time. The stream is not closed.
   *
   * @param tables names of those that are wanted; empty for all. Indexes, triggers and views are
   *     always in it
   * @throws IOException when the stream fails
   * @throws SqliteException when the file does
   */
  public static void dump(Path file, Set<String> tables, OutputStream out) throws IOException {
    BufferedWriter writer =
        new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), BUFFER_CHARS);
    try (NativeConnection connection = NativeConnection.immutable(file)) {
      new SqlDump(connection, tables, writer).write();
    } catch (SQLException e) {
      throw new SqliteException(file + " cannot be dumped: " + SqliteErrors.message(e), e);
    }
    writer.flush();
  }

  /**
   * Writes what is in the file, without gaps, into another one, which is not in WAL mode. Waits for
   * a native call that is as long as the file is large, and that no interrupt ends: it would pin
   * the carrier of a virtual thread, so it has a thread of its own.
   *
   * @param into empty or not there
   * @throws SqliteException when either file fails
   */
  public static void vacuum(Path file, Path into) {
    FutureTask<Boolean> task = new FutureTask<>(() -> vacuumHere(file, into), true);
    Thread _ = Thread.ofPlatform().name("backup-vacuum").daemon(true).start(task);
    try {
      Boolean _ = task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SqliteException("interrupted while " + file + " was vacuumed", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SqliteException known
          ? known
          : new SqliteException(file + " cannot be vacuumed", e.getCause());
    }
  }

  private static void vacuumHere(Path file, Path into) {
    String target = into.toAbsolutePath().toString().replace("'", "''");
    try (NativeConnection connection = NativeConnection.immutable(file)) {
      connection.execute("VACUUM INTO '" + target + "'");
    } catch (SQLException e) {
      throw new SqliteException(file + " cannot be vacuumed: " + SqliteErrors.message(e), e);
    }
  }
}
