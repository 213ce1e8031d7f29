package io.liferaft.cdc;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** A batch as rqlite sends it. The events are JSON already. */
final class BatchWriter {

  private BatchWriter() {}

  static byte[] write(String serviceId, String nodeId, List<Commit> commits) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    text(out, "{");
    if (!serviceId.isEmpty()) {
      text(out, "\"service_id\":" + quoted(serviceId) + ",");
    }
    text(out, "\"node_id\":" + quoted(nodeId) + ",\"payload\":[");
    String between = "";
    for (Commit commit : commits) {
      text(
          out,
          "%s{\"index\":%d,\"commit_timestamp\":%d,\"events\":["
              .formatted(between, CdcStatus.rqliteIndex(commit.index()), commit.clockMillis()));
      for (int i = 0; i < commit.events().size(); i++) {
        if (i > 0) {
          text(out, ",");
        }
        out.writeBytes(commit.events().get(i));
      }
      text(out, "]}");
      between = ",";
    }
    text(out, "]}");
    return out.toByteArray();
  }

  private static void text(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String quoted(String text) {
    return JsonMapper.shared().writeValueAsString(text);
  }
}
