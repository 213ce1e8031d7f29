package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Marks restore points that stay: one small object for each. */
final class Pins {

  private static final String PINS = "pins/";

  private final ObjectStore store;
  private final String start;
  private final ManifestStore manifests;

  Pins(ObjectStore store, String prefix, ManifestStore manifests) {
    this.store = store;
    this.start = prefix + PINS;
    this.manifests = manifests;
  }

  /** Names of all backups that are pinned, also of such as are gone. */
  Set<String> ids() {
    return store.list(start).stream()
        .map(object -> object.key().substring(start.length()))
        .collect(Collectors.toUnmodifiableSet());
  }

  void pin(String id) {
    requireThere(id);
    var _ =
        store.put(
            start + id,
            Map.of(),
            new PutCondition.Always(),
            out -> out.write((id + "\n").getBytes(StandardCharsets.US_ASCII)));
    // A prune that had looked for pins before may have deleted it meanwhile.
    requireThere(id);
  }

  /** Also the pin of a backup that is gone. */
  void unpin(String id) {
    if (!ids().contains(id)) {
      requireThere(id);
      return;
    }
    store.delete(start + id);
  }

  private void requireThere(String id) {
    if (manifests.ids().stream().noneMatch(one -> one.name().equals(id))) {
      throw unknown(id);
    }
  }

  static ObjectStoreException unknown(String id) {
    return new ObjectStoreException(Reason.NOT_FOUND, "There is no backup " + id, null);
  }
}
