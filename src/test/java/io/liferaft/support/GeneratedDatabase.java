package io.liferaft.support;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;

/** Database files of a wanted size, the same for the same figures. */
public final class GeneratedDatabase {

  private static final long SEED = 20_260_701;
  public static final int ROW_BYTES = 8 << 10;

  private GeneratedDatabase() {}

  /**
   * Tables t0, t1 … of (id, name, amount, data, note) with an index each, and a view: mixed types,
   * nulls, texts beyond ASCII. Ids count from 1.
   */
  public static void write(Path file, int tables, int rowsPerTable) {
    Random random = new Random(SEED);
    try (Connection connection = open(file);
        Statement statement = connection.createStatement()) {
      for (int t = 0; t < tables; t++) {
        statement.execute(
            "CREATE TABLE t%d (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount REAL, data BLOB, note)"
                .formatted(t));
        fill(connection, t, rowsPerTable, random);
        statement.execute("CREATE INDEX i%d ON t%d (name, amount)".formatted(t, t));
      }
      statement.execute("CREATE VIEW v AS SELECT name FROM t0 WHERE amount > 0");
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void fill(Connection connection, int table, int rows, Random random)
      throws SQLException {
    byte[] blob = new byte[20];
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO t%d VALUES (?, ?, ?, ?, ?)".formatted(table))) {
      for (int id = 1; id <= rows; id++) {
        random.nextBytes(blob);
        insert.setInt(1, id);
        insert.setString(2, "größe-" + random.nextInt(100_000));
        insert.setDouble(3, random.nextGaussian());
        insert.setBytes(4, blob);
        insert.setObject(5, random.nextInt(3) == 0 ? null : random.nextLong());
        insert.addBatch();
      }
      int[] _ = insert.executeBatch();
    }
  }

  /** One table big(id, data) of about so many bytes, every other row incompressible. */
  public static void writeBig(Path file, long bytes) {
    Random random = new Random(SEED);
    byte[] noise = new byte[ROW_BYTES];
    byte[] zeros = new byte[ROW_BYTES];
    try (Connection connection = open(file);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, data BLOB)");
      try (PreparedStatement insert =
          connection.prepareStatement("INSERT INTO big (data) VALUES (?)")) {
        for (long written = 0; written < bytes; written += 2 * ROW_BYTES) {
          random.nextBytes(noise);
          insert.setBytes(1, noise);
          insert.executeUpdate();
          insert.setBytes(1, zeros);
          insert.executeUpdate();
        }
      }
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Connection open(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA synchronous=OFF");
    }
    connection.setAutoCommit(false);
    return connection;
  }
}
