package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Marks restore points that stay: one small object for each, or one for all up to a restore point.
 */
final class Pins {

  private static final String PINS = "pins/";
  private static final String AND_OLDER = ".and-older";

  private final ObjectStore store;
  private final String start;
  private final ManifestStore manifests;

  Pins(ObjectStore store, String prefix, ManifestStore manifests) {
    this.store = store;
    this.start = prefix + PINS;
    this.manifests = manifests;
  }

  /** Those of some backups that are pinned. */
  Set<String> among(Collection<BackupId> backups) {
    return among(backups, marks());
  }

  static Set<String> among(Collection<BackupId> backups, Set<String> marks) {
    // Names sort as the backups do.
    Optional<String> upTo = upTo(marks);
    return backups.stream()
        .map(BackupId::name)
        .filter(
            name -> marks.contains(name) || (upTo.isPresent() && name.compareTo(upTo.get()) <= 0))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The newest backup that is kept with all older ones, or was before it was gone. */
  Optional<String> withOlder() {
    return upTo(marks());
  }

  /** Whether a backup has a pin of its own, for all older ones, too, or not. */
  static boolean isPinned(String id, Set<String> marks) {
    return marks.contains(id) || marks.contains(id + AND_OLDER);
  }

  /** The backup with which one is kept, itself maybe, as one of all that are no newer. */
  static Optional<String> holder(String id, Set<String> marks) {
    return upTo(marks).filter(name -> id.compareTo(name) <= 0);
  }

  private static Optional<String> upTo(Set<String> marks) {
    return marks.stream()
        .filter(mark -> mark.endsWith(AND_OLDER))
        .map(mark -> mark.substring(0, mark.length() - AND_OLDER.length()))
        .max(Comparator.naturalOrder());
  }

  /** What there is: names of backups, also of such as are gone, some for all older ones, too. */
  Set<String> marks() {
    return store.list(start).stream()
        .map(object -> object.key().substring(start.length()))
        .collect(Collectors.toUnmodifiableSet());
  }

  void pin(String id) {
    pin(id, "");
  }

  /** That one and all older ones, of whatever generation. */
  void pinWithOlder(String id) {
    pin(id, AND_OLDER);
  }

  private void pin(String id, String more) {
    requireThere(id);
    var _ =
        store.put(
            start + id + more,
            Map.of(),
            new PutCondition.Always(),
            out -> out.write((id + "\n").getBytes(StandardCharsets.US_ASCII)));
    // A prune that had looked for pins before may have deleted it meanwhile.
    requireThere(id);
  }

  /** Also the pin of a backup that is gone, and the one for all older ones. */
  void unpin(String id) {
    Set<String> marks = marks();
    boolean one = marks.contains(id);
    boolean withOlder = marks.contains(id + AND_OLDER);
    if (!one && !withOlder) {
      requireThere(id);
      requireNotHeld(id, marks);
    }
    if (one) {
      store.delete(start + id);
    }
    if (withOlder) {
      store.delete(start + id + AND_OLDER);
    }
  }

  private static void requireNotHeld(String id, Set<String> marks) {
    Optional<String> holder = holder(id, marks);
    if (holder.isPresent()) {
      throw new ObjectStoreException(
          Reason.CONFIGURATION,
          "%s is kept with all that are older than %s: unpin that one".formatted(id, holder.get()),
          null);
    }
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
