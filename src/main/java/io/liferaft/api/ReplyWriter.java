package io.liferaft.api;

import io.liferaft.api.DeclaredTypes.Kind;
import io.liferaft.go.GoDuration;
import io.liferaft.raft.SqlReply;
import io.liferaft.sqlite.SqlResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a {@link SqlReply} as rqlite does. Whatever can go wrong with the values is found out
 * before the first byte.
 *
 * @param failedRows whether a failed statement keeps an empty list of rows in the associative form:
 *     it does where statements are run as reads
 */
record ReplyWriter(
    boolean pretty,
    boolean timings,
    boolean associative,
    boolean blobArray,
    boolean failedRows,
    boolean raftIndex) {

  /** Answers with the reply; the content type is the caller's. */
  void write(SqlReply reply, Exchange exchange) throws IOException {
    List<SqlResult> results = checked(reply.results());
    boolean failed = reply.error() != null && !reply.error().isEmpty();
    if (!failed) {
      exchange.servedBy(reply.servedBy());
    }
    AnswerBuffer out = new AnswerBuffer(exchange.response());
    JsonWriter json = new JsonWriter(out, pretty);
    json.beginObject();
    json.name("results").beginArray();
    for (SqlResult result : results) {
      result(result, json);
    }
    json.endArray();
    if (failed) {
      json.name("error").string(String.valueOf(reply.error()));
    }
    time(exchange.elapsedNanos(), json);
    if (raftIndex && reply.raftIndex() >= 0) {
      json.name("raft_index").number(RqliteIndex.of(reply.raftIndex()));
    }
    json.endObject();
    out.finish();
  }

  private void result(SqlResult result, JsonWriter json) throws IOException {
    json.beginObject();
    switch (result) {
      case SqlResult.Write(long lastInsertId, long rowsAffected, long nanos) -> {
        if (lastInsertId != 0) {
          json.name("last_insert_id").number(lastInsertId);
        }
        if (rowsAffected != 0) {
          json.name("rows_affected").number(rowsAffected);
        }
        time(nanos, json);
        if (associative) {
          json.name("rows").nullValue();
        }
      }
      case SqlResult.Rows rows -> {
        if (associative) {
          associativeRows(rows, json);
        } else {
          plainRows(rows, json);
        }
        time(rows.nanos(), json);
      }
      case SqlResult.Failed(String message, long _) -> {
        if (associative && failedRows) {
          json.name("rows").beginArray().endArray();
        }
        json.name("error").string(message);
      }
    }
    json.endObject();
  }

  private void plainRows(SqlResult.Rows rows, JsonWriter json) throws IOException {
    strings("columns", rows.columns(), json);
    strings("types", rows.types(), json);
    if (rows.values().isEmpty()) {
      return;
    }
    Kind[] kinds = kinds(rows);
    json.name("values").beginArray();
    for (@Nullable Object[] row : rows.values()) {
      json.beginArray();
      for (int i = 0; i < row.length; i++) {
        value(row[i], kinds[i], rows.types().get(i), json);
      }
      json.endArray();
    }
    json.endArray();
  }

  private void associativeRows(SqlResult.Rows rows, JsonWriter json) throws IOException {
    List<Integer> order = sortedColumns(rows.columns());
    if (!order.isEmpty()) {
      json.name("types").beginObject();
      for (int column : order) {
        json.name(rows.columns().get(column)).string(rows.types().get(column));
      }
      json.endObject();
    }
    Kind[] kinds = kinds(rows);
    json.name("rows").beginArray();
    for (@Nullable Object[] row : rows.values()) {
      json.beginObject();
      for (int column : order) {
        json.name(rows.columns().get(column));
        value(row[column], kinds[column], rows.types().get(column), json);
      }
      json.endObject();
    }
    json.endArray();
  }

  private void value(@Nullable Object value, Kind kind, String type, JsonWriter json)
      throws IOException {
    switch (value) {
      case null -> json.nullValue();
      case Long number -> integer(number, kind, json);
      case Double number -> json.number(number.doubleValue());
      case byte[] blob -> blob(blob, type, json);
      default -> {
        String text = value.toString();
        json.string(kind == Kind.TIME ? DeclaredTypes.time(text) : text);
      }
    }
  }

  private static void integer(long number, Kind kind, JsonWriter json) throws IOException {
    switch (kind) {
      case PLAIN -> json.number(number);
      case BOOLEAN -> json.bool(number > 0);
      case TIME -> json.string(String.valueOf(DeclaredTypes.time(number)));
    }
  }

  private void blob(byte[] blob, String type, JsonWriter json) throws IOException {
    if (DeclaredTypes.printsBlobAsText(type)) {
      json.utf8(blob);
    } else if (blobArray) {
      json.beginArray();
      for (byte b : blob) {
        json.number(b & 0xff);
      }
      json.endArray();
    } else {
      json.base64(blob);
    }
  }

  private void time(long nanos, JsonWriter json) throws IOException {
    if (timings && nanos != 0) {
      json.name("time").number(GoDuration.seconds(nanos));
    }
  }

  private static void strings(String name, List<String> texts, JsonWriter json) throws IOException {
    if (!texts.isEmpty()) {
      json.name(name).beginArray();
      for (String text : texts) {
        json.string(text);
      }
      json.endArray();
    }
  }

  /** Results whose rows cannot be printed turned into failures. */
  private static List<SqlResult> checked(List<SqlResult> results) {
    List<SqlResult> checked = new ArrayList<>(results.size());
    for (SqlResult result : results) {
      checked.add(
          result instanceof SqlResult.Rows rows && !yearsInRange(rows)
              ? new SqlResult.Failed(DeclaredTypes.YEAR_OUT_OF_RANGE, rows.nanos())
              : result);
    }
    return checked;
  }

  private static boolean yearsInRange(SqlResult.Rows rows) {
    Kind[] kinds = kinds(rows);
    for (@Nullable Object[] row : rows.values()) {
      for (int i = 0; i < row.length; i++) {
        if (row[i] instanceof Double number && Double.isInfinite(number)) {
          throw new RequestFailure(
              500,
              "json: error calling MarshalJSON for type *http.DBResults: json: unsupported value: "
                  + (number > 0 ? "+Inf" : "-Inf"));
        }
        if (kinds[i] == Kind.TIME
            && row[i] instanceof Long unix
            && DeclaredTypes.time(unix) == null) {
          return false;
        }
      }
    }
    return true;
  }

  private static Kind[] kinds(SqlResult.Rows rows) {
    Kind[] kinds = new Kind[rows.types().size()];
    for (int i = 0; i < kinds.length; i++) {
      kinds[i] = DeclaredTypes.kind(rows.types().get(i));
    }
    return kinds;
  }

  /** Columns in the order of their names' bytes; of equal names the last. */
  private static List<Integer> sortedColumns(List<String> names) {
    Map<String, Integer> last = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      last.put(names.get(i), i);
    }
    return last.values().stream()
        .sorted((a, b) ->
            Arrays.compareUnsigned(
                names.get(a).getBytes(StandardCharsets.UTF_8),
                names.get(b).getBytes(StandardCharsets.UTF_8)))
        .toList();
  }
}
