package io.liferaft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import software.amazon.awssdk.services.s3.S3Client;

/** A backup's database, read with nothing but SQLite. */
record SqliteFile(Path path) {

  /** An object that is a database as it is, which must be sound. */
  static SqliteFile of(S3Client s3, String bucket, String key, Path folder) throws IOException {
    return of(s3.getObjectAsBytes(b -> b.bucket(bucket).key(key)).asByteArray(), folder);
  }

  static SqliteFile of(byte[] bytes, Path folder) throws IOException {
    Path path = Files.createTempFile(folder, "backup-", ".sqlite");
    Files.write(path, bytes);
    SqliteFile file = new SqliteFile(path);
    String said = file.value("PRAGMA integrity_check");
    if (!said.equals("ok")) {
      throw new AssertionError("the backup is not sound: " + said);
    }
    return file;
  }

  /** The first column of the first row. */
  String value(String sql) {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path);
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      return String.valueOf(found.getString(1));
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }
}
