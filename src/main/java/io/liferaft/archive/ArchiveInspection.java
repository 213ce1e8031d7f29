package io.liferaft.archive;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Looks whether all objects that a backup needs are there, by manifests and lists only. */
final class ArchiveInspection {

  private final ManifestStore manifests;
  private final String location;

  ArchiveInspection(ManifestStore manifests, String location) {
    this.manifests = manifests;
    this.location = location;
  }

  /**
   * Looks at one backup.
   *
   * @throws CorruptBackupException when its manifest is damaged, or a pack gone or cut
   */
  Inspection of(BackupId id) {
    ChunkTable table = manifests.load(id, null).table();
    BitSet used = new BitSet();
    for (int i = 0; i < table.count(); i++) {
      used.set(table.pack(i));
    }
    Map<String, Long> there = manifests.packSizes();
    used.stream()
        .mapToObj(table.packList()::get)
        .filter(pack -> !Long.valueOf(pack.bytes()).equals(there.get(pack.name())))
        .findFirst()
        .ifPresent(pack -> {
          throw new CorruptBackupException(
              "%s/%s is %s: %d bytes of it are needed"
                  .formatted(
                      location,
                      manifests.packKey(pack.name()),
                      there.containsKey(pack.name()) ? "of another size" : "gone",
                      pack.bytes()),
              null,
              pack.name());
        });
    return new Inspection(used.cardinality(), table.storedBytes(), unique(id, table));
  }

  /** Bytes of chunks that neither the backup before nor the one after has. */
  private long unique(BackupId id, ChunkTable table) {
    List<BackupId> ids = manifests.ids();
    int at = ids.indexOf(id);
    Set<Place> seen = new HashSet<>();
    if (at > 0) {
      seen.addAll(placesOf(ids.get(at - 1)));
    }
    if (at >= 0 && at + 1 < ids.size()) {
      seen.addAll(placesOf(ids.get(at + 1)));
    }
    long bytes = 0;
    for (int i = 0; i < table.count(); i++) {
      // Equal chunks lie in one place.
      if (seen.add(Place.of(table, i))) {
        bytes += table.storedLength(i);
      }
    }
    return bytes;
  }

  /** None of a neighbour that is damaged itself, or whose key is not there any more. */
  private Set<Place> placesOf(BackupId id) {
    try {
      ChunkTable table = manifests.load(id, null).table();
      Set<Place> places = new HashSet<>();
      for (int i = 0; i < table.count(); i++) {
        places.add(Place.of(table, i));
      }
      return places;
    } catch (CorruptBackupException | EncryptionKeyException _) {
      return Set.of();
    }
  }

  /** Where a chunk lies. */
  private record Place(String pack, long offset) {
    static Place of(ChunkTable table, int chunk) {
      return new Place(table.packList().get(table.pack(chunk)).name(), table.offset(chunk));
    }
  }
}
