package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** The lineage noted beside backups: one line of text under a key of its own. */
final class LineageMarker {

  private static final int MOST_BYTES = 1024;

  private final ObjectStore store;
  private final String key;

  LineageMarker(ObjectStore store, String key) {
    this.store = store;
    this.key = key;
  }

  Optional<String> read() {
    if (store.head(key).isEmpty()) {
      return Optional.empty();
    }
    try (InputStream in = store.get(key, 0, null)) {
      byte[] text = in.readNBytes(MOST_BYTES);
      return Optional.of(new String(text, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new ObjectStoreException(
          Reason.UNAVAILABLE, "cannot read %s/%s".formatted(store.location(), key), e);
    }
  }

  void write(String clusterId) {
    byte[] text = (clusterId + "\n").getBytes(StandardCharsets.UTF_8);
    ObjectInfo _ = store.put(key, Map.of(), new PutCondition.Always(), out -> out.write(text));
  }
}
