package io.liferaft.cdc;

import io.liferaft.sqlite.RowChange;
import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/** Row changes as rqlite writes them. */
final class EventWriter {

  private static final JsonMapper JSON = JsonMapper.shared();

  private final boolean rowIdsOnly;

  EventWriter(boolean rowIdsOnly) {
    this.rowIdsOnly = rowIdsOnly;
  }

  byte[] write(RowChange change) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringProperty("op", change.kind().name());
      json.writeStringProperty("table", change.table());
      if (change.newRowId() != 0) {
        json.writeNumberProperty("new_row_id", change.newRowId());
      }
      if (change.oldRowId() != 0) {
        json.writeNumberProperty("old_row_id", change.oldRowId());
      }
      if (!rowIdsOnly) {
        image(json, "before", change.columns(), change.before());
        image(json, "after", change.columns(), change.after());
      }
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private static void image(
      JsonGenerator json,
      String name,
      List<String> columns,
      @Nullable List<@Nullable Object> values) {
    if (values == null) {
      return;
    }
    Map<String, Integer> places = new TreeMap<>();
    for (int i = 0; i < columns.size(); i++) {
      places.put(columns.get(i), i);
    }
    json.writeObjectPropertyStart(name);
    for (Map.Entry<String, Integer> column : places.entrySet()) {
      json.writeName(column.getKey());
      switch (values.get(column.getValue())) {
        case null -> json.writeNull();
        case Long number -> json.writeNumber(number);
        case Double number when number.isInfinite() || number.isNaN() -> json.writeNull();
        case Double number -> json.writeNumber(number);
        case byte[] blob -> json.writeString(Base64.getEncoder().encodeToString(blob));
        case Object other -> json.writeString(other.toString());
      }
    }
    json.writeEndObject();
  }
}
