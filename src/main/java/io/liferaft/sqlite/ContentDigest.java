package io.liferaft.sqlite;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** SHA-256 over what a database says, whatever the bytes of its file are. */
final class ContentDigest {

  private final MessageDigest digest;

  private ContentDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of everything that one read transaction sees. */
  static String of(NativeConnection connection) throws SQLException {
    connection.execute("BEGIN");
    try {
      ContentDigest content = new ContentDigest();
      content.rows(
          connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2, 3");
      content.rows(
          connection,
          "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id");
      for (String select : tables(connection)) {
        content.rows(connection, select);
      }
      return HexFormat.of().formatHex(content.digest.digest());
    } finally {
      connection.execute("ROLLBACK");
    }
  }

  /** One SELECT per ordinary table, in an order that does not depend on the file. */
  private static List<String> tables(NativeConnection connection) throws SQLException {
    List<String> selects = new ArrayList<>();
    String list =
        "SELECT name, wr, ncol FROM pragma_table_list WHERE schema='main'"
            + " AND type IN ('table', 'shadow') AND name <> 'sqlite_schema' ORDER BY name";
    try (PreparedSql tables = connection.prepare(list)) {
      while (tables.step()) {
        String name = String.valueOf(tables.valueAt(0)).replace("\"", "\"\"");
        boolean withoutRowId = tables.longAt(1) != 0;
        StringBuilder order = new StringBuilder();
        for (int i = 1; i <= tables.longAt(2); i++) {
          order.append(i == 1 ? "" : ", ").append(i);
        }
        selects.add(
            withoutRowId
                ? "SELECT * FROM \"" + name + "\" ORDER BY " + order
                : "SELECT rowid, * FROM \"" + name + "\" ORDER BY rowid");
      }
    }
    return selects;
  }

  private void rows(NativeConnection connection, String select) throws SQLException {
    text(select);
    try (PreparedSql statement = connection.prepare(select)) {
      while (statement.step()) {
        for (Object value :
            Objects.requireNonNull(statement.row(statement.columnCount(), Long.MAX_VALUE))) {
          add(value);
        }
      }
    }
  }

  private void add(@Nullable Object value) {
    switch (value) {
      case null -> digest.update((byte) 'n');
      case Long number -> tagged('i', number);
      case Double number -> tagged('r', Double.doubleToRawLongBits(number));
      case byte[] blob -> bytes('b', blob);
      default -> text(value.toString());
    }
  }

  private void text(String text) {
    bytes('t', text.getBytes(StandardCharsets.UTF_8));
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
