package io.liferaft.sqlite;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What a database file says, table by table, whatever its pages are: equal for a file and what
 * VACUUM makes of it.
 *
 * @param schemaSha256 of the definitions of all objects, and of the header's values that are the
 *     user's
 * @param tables what is in each ordinary table, SQLite's own and those of virtual ones among them
 */
public record LogicalDigest(String schemaSha256, SortedMap<String, Table> tables) {

  private static final String GIVEN_UP = "interrupted while a database file was read";

  /**
   * What is in a table.
   *
   * @param sha256 of all rows in the order of their row ids or primary key; types count
   */
  public record Table(long rows, String sha256) {}

  public LogicalDigest {
    tables = Collections.unmodifiableSortedMap(new TreeMap<>(tables));
  }

  /**
   * Reads everything, a row at a time, on a thread of its own: native calls would pin the carrier
   * of a virtual one. An interrupt ends it.
   *
   * @param file that nobody writes; it is only read
   * @throws SqliteException when it cannot be read, or the caller was interrupted
   */
  public static LogicalDigest of(Path file) {
    // A task that has ended is told before an interrupt is.
    AtomicBoolean stop = new AtomicBoolean(Thread.interrupted());
    FutureTask<LogicalDigest> task = new FutureTask<>(() -> read(file, stop));
    Thread _ = Thread.ofPlatform().name("sqlite-digest").daemon(true).start(task);
    try {
      while (true) {
        try {
          LogicalDigest digest = task.get();
          if (stop.get()) {
            throw new SqliteException(GIVEN_UP);
          }
          return digest;
        } catch (InterruptedException e) {
          stop.set(true); // it ends after a row at the most, and has closed the file then
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SqliteException known
          ? known
          : new SqliteException(file + " cannot be read", e.getCause());
    } finally {
      if (stop.get()) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static LogicalDigest read(Path file, AtomicBoolean stop) {
    try (NativeConnection connection = NativeConnection.immutable(file)) {
      Rows schema = new Rows(stop);
      schema.read(
          connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2, 3");
      schema.read(
          connection,
          "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id");
      SortedMap<String, Table> tables = new TreeMap<>();
      for (String name : names(connection)) {
        Rows rows = new Rows(stop);
        // Without an index it reads the table itself, in its own order and without sorting.
        rows.read(connection, "SELECT * FROM \"" + name.replace("\"", "\"\"") + "\" NOT INDEXED");
        tables.put(name, new Table(rows.count, rows.sha256()));
      }
      return new LogicalDigest(schema.sha256(), tables);
    } catch (SQLException e) {
      throw new SqliteException(file + " cannot be read: " + SqliteErrors.message(e), e);
    }
  }

  private static TreeSet<String> names(NativeConnection connection) throws SQLException {
    TreeSet<String> names = new TreeSet<>();
    String list =
        "SELECT name FROM pragma_table_list WHERE schema='main'"
            + " AND type IN ('table', 'shadow') AND name <> 'sqlite_schema'";
    try (PreparedSql tables = connection.prepare(list)) {
      while (tables.step()) {
        names.add(String.valueOf(tables.valueAt(0)));
      }
    }
    return names;
  }

  /**
   * What another one that should be equal has in its stead, as the end of a sentence about this
   * one; empty when they are equal.
   */
  public Optional<String> differenceFrom(LogicalDigest other) {
    TreeSet<String> all = new TreeSet<>(tables.keySet());
    all.addAll(other.tables.keySet());
    for (String name : all) {
      String difference = difference(name, tables.get(name), other.tables.get(name));
      if (difference != null) {
        return Optional.of(difference);
      }
    }
    return schemaSha256.equals(other.schemaSha256)
        ? Optional.empty()
        : Optional.of("its schema is another one");
  }

  private static @Nullable String difference(
      String name, @Nullable Table here, @Nullable Table there) {
    if (here == null) {
      return "it has no table " + name;
    }
    if (there == null) {
      return "it has a table " + name + ", and should not";
    }
    if (here.rows() != there.rows()) {
      return "its table %s has %d rows instead of %d".formatted(name, here.rows(), there.rows());
    }
    return here.sha256().equals(there.sha256())
        ? null
        : "its table %s has other values in its %d rows".formatted(name, here.rows());
  }

  /** Rows on their way into a hash. */
  private static final class Rows {
    private final MessageDigest digest;
    private final AtomicBoolean stop;
    private long count;

    Rows(AtomicBoolean stop) {
      this.stop = stop;
      try {
        digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }

    String sha256() {
      return HexFormat.of().formatHex(digest.digest());
    }

    void read(NativeConnection connection, String select) throws SQLException {
      try (PreparedSql statement = connection.prepare(select)) {
        int columns = statement.columnCount();
        while (statement.step()) {
          if (stop.get()) {
            throw new SqliteException(GIVEN_UP);
          }
          count++;
          tagged('R', columns);
          for (int column = 0; column < columns; column++) {
            add(statement, column);
          }
        }
      }
    }

    private void add(PreparedSql statement, int column) throws SQLException {
      switch (statement.valueAt(column)) {
        case null -> digest.update((byte) 'n');
        case Long number -> tagged('i', number);
        case Double number -> tagged('r', Double.doubleToRawLongBits(number));
        case byte[] blob -> bytes('b', blob);
        case String _ -> bytes('t', statement.bytesAt(column)); // as stored, valid UTF-8 or not
        default -> throw new IllegalStateException("no value of SQLite's in column " + column);
      }
    }

    private void bytes(char tag, byte[] bytes) {
      tagged(tag, bytes.length);
      digest.update(bytes);
    }

    private void tagged(char tag, long number) {
      digest.update((byte) tag);
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
    }
  }
}
