package io.liferaft.sqlite;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.core.Codes;
import org.sqlite.core.DB;
import org.sqlite.core.NativeDB;

/**
 * Two calls that the driver keeps to itself. Its own ways take an error's text whole and copy it
 * several times over, and SQL of a hundred characters makes SQLite write one of 64 MiB.
 */
final class DriverBorder {

  /** More of a text than is kept of it, whatever its characters. */
  private static final int MOST_BYTES = 3 * SqliteErrors.LONGEST;

  private static final MethodHandle BIND =
      find(DB.class, "sqlbind", int.class, long.class, int.class, Object.class);
  private static final MethodHandle ERROR_TEXT =
      find(NativeDB.class, "errmsg_utf8", ByteBuffer.class);

  private DriverBorder() {}

  private static MethodHandle find(Class<?> in, String name, Class<?> type, Class<?>... takes) {
    try {
      return MethodHandles.privateLookupIn(in, MethodHandles.lookup())
          .findVirtual(in, name, MethodType.methodType(type, takes));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Binds values to the placeholders 1 and up; the code of the first that SQLite refuses. */
  static int bind(DB database, long statement, @Nullable Object[] values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      int code = bind(database, statement, i, values[i]);
      if (code != Codes.SQLITE_OK) {
        return code;
      }
    }
    return Codes.SQLITE_OK;
  }

  private static int bind(DB database, long statement, int position, @Nullable Object value)
      throws SQLException {
    try {
      return (int) BIND.invokeExact(database, statement, position, value);
    } catch (SQLException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a call that ended with this code is to throw: the connection's last error. */
  static SQLException failure(DB database, int code) {
    return DB.newSQLException(code, errorText(database));
  }

  private static String errorText(DB database) {
    @Nullable ByteBuffer text;
    try {
      text = (ByteBuffer) ERROR_TEXT.invokeExact((NativeDB) database);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    if (text == null) {
      return "";
    }
    int length = text.remaining();
    if (length <= 2 * MOST_BYTES) {
      return StandardCharsets.UTF_8.decode(text).toString();
    }
    // Cut again by who shows it, and there by characters.
    return SqliteErrors.cut(part(text, 0, MOST_BYTES) + part(text, length - MOST_BYTES, length));
  }

  private static String part(ByteBuffer text, int from, int to) {
    return StandardCharsets.UTF_8.decode(text.slice(from, to - from)).toString();
  }
}
