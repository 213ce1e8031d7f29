package io.liferaft.sqlite;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sqlite.Function;
import org.sqlite.core.Codes;

/**
 * SQLite's date and time functions with the entry's time for {@code now}. The work is done by the
 * built-in functions on a connection of their own, so results and limits are SQLite's. The clock is
 * UTC: the modifiers {@code localtime} and {@code utc} change nothing.
 */
final class TimeFunctions {

  private static final int MOST_ARGUMENTS = 100;

  private final EntryClock clock;
  private final BuiltInFunctions builtIn;

  TimeFunctions(EntryClock clock, BuiltInFunctions builtIn) {
    this.clock = clock;
    this.builtIn = builtIn;
  }

  void install(NativeConnection connection) throws SQLException {
    for (String name : List.of("date", "time", "datetime", "julianday", "unixepoch")) {
      Function.create(
          connection.jdbc(), name, new BuiltIn(name, 0, 1), -1, Function.FLAG_DETERMINISTIC);
    }
    Function.create(
        connection.jdbc(),
        "strftime",
        new BuiltIn("strftime", 1, 1),
        -1,
        Function.FLAG_DETERMINISTIC);
    Function.create(
        connection.jdbc(),
        "timediff",
        new BuiltIn("timediff", 0, 2),
        2,
        Function.FLAG_DETERMINISTIC);
    for (String name : List.of("current_timestamp", "current_date", "current_time")) {
      Function.create(connection.jdbc(), name, new Current(name), 0, Function.FLAG_DETERMINISTIC);
    }
  }

  private final class Current extends Function {
    private final String name;

    Current(String name) {
      this.name = name;
    }

    @Override
    protected void xFunc() throws SQLException {
      result(
          switch (name) {
            case "current_date" -> clock.date();
            case "current_time" -> clock.time();
            default -> clock.dateTime();
          });
    }
  }

  /** One built-in: {@code times} time values behind {@code before} other arguments. */
  private final class BuiltIn extends Function {
    private final String name;
    private final int before;
    private final int times;

    BuiltIn(String name, int before, int times) {
      this.name = name;
      this.before = before;
      this.times = times;
    }

    @Override
    protected void xFunc() throws SQLException {
      try {
        int count = args();
        if (count > MOST_ARGUMENTS) {
          error("too many arguments on function " + name);
          return;
        }
        if (count <= before) {
          now(count);
          return;
        }
        List<@Nullable Object> arguments = new ArrayList<>(count + 1);
        for (int i = 0; i < count; i++) {
          add(arguments, i);
        }
        give(builtIn.call(name, arguments));
      } catch (SQLException e) {
        error(SqliteErrors.message(e));
      }
    }

    /** {@code date()} and {@code strftime(format)} mean now. */
    private void now(int count) throws SQLException {
      if (before == 0) {
        switch (name) {
          case "date" -> result(clock.date());
          case "time" -> result(clock.time());
          case "datetime" -> result(clock.dateTime());
          case "unixepoch" -> result(clock.seconds());
          default -> give(builtIn.call(name, List.of(clock.full())));
        }
      } else if (count == before) {
        List<@Nullable Object> arguments = new ArrayList<>(2);
        arguments.add(argument(0));
        arguments.add(clock.full());
        give(builtIn.call(name, arguments));
      } else {
        result();
      }
    }

    private void add(List<@Nullable Object> arguments, int index) throws SQLException {
      Object value = argument(index);
      String word = value instanceof String text ? text.toLowerCase(Locale.ROOT) : "";
      if (index >= before && index < before + times) {
        if (word.equals("now")) {
          arguments.add(clock.full());
        } else if (times == 1 && (word.equals("subsec") || word.equals("subsecond"))) {
          arguments.add(clock.full());
          arguments.add("subsec");
        } else {
          arguments.add(value);
        }
      } else if (index < before || !(word.equals("localtime") || word.equals("utc"))) {
        arguments.add(value);
      }
    }

    private @Nullable Object argument(int index) throws SQLException {
      return switch (value_type(index)) {
        case Codes.SQLITE_INTEGER -> value_long(index);
        case Codes.SQLITE_FLOAT -> value_double(index);
        case Codes.SQLITE_NULL -> null;
        default -> value_text(index);
      };
    }

    private void give(@Nullable Object value) throws SQLException {
      switch (value) {
        case null -> result();
        case Long number -> result(number.longValue());
        case Double number -> result(number.doubleValue());
        default -> result(value.toString());
      }
    }
  }
}
