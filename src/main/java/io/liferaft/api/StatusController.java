package io.liferaft.api;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code /status}, whole or one sub-tree of it. Answers in every state of the node. */
final class StatusController {

  private final StatusReport report;

  StatusController(StatusReport report) {
    this.report = report;
  }

  void status(Exchange exchange) throws IOException {
    String key = exchange.parameters().text("key");
    Map<String, Object> tree = report.tree();
    if (key == null || key.isEmpty()) {
      exchange.json(tree, exchange.parameters().has("pretty"));
    } else {
      exchange.json(subTree(tree, key), false);
    }
  }

  /** Walks objects by name; what is missing is an empty object, what is a scalar stays itself. */
  static Object subTree(Map<String, ?> tree, String key) {
    @Nullable Object at = tree;
    for (String name : key.split("\\.", -1)) {
      if (!(at instanceof Map<?, ?> map)) {
        break;
      }
      if (!map.containsKey(name)) {
        return Map.of();
      }
      at = map.get(name);
    }
    return at == null ? Map.of() : at;
  }
}
