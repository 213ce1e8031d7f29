package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Looks whether all objects that a backup needs are there, by manifests and lists only. */
final class ArchiveInspection {

  /** Packs are smaller. */
  private static final int OFFSET_BITS = 42;

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
    Map<String, Long> there =
        manifests.packObjects().entrySet().stream()
            .collect(Collectors.toMap(e -> e.getKey().fileName(), e -> size(e.getValue())));
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

  private static long size(ObjectInfo object) {
    return object.sizeBytes();
  }

  private long unique(BackupId id, ChunkTable table) {
    Map<String, Integer> packs = new HashMap<>();
    long[] own = places(table, packs);
    List<BackupId> ids = manifests.ids();
    int at = ids.indexOf(id);
    long[] before = at > 0 ? placesOf(ids.get(at - 1), packs) : new long[0];
    long[] after = at >= 0 && at + 1 < ids.size() ? placesOf(ids.get(at + 1), packs) : new long[0];
    long bytes = 0;
    BitSet counted = new BitSet();
    long[] sorted = own.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < own.length; i++) {
      // Equal chunks lie in one place.
      int place = Arrays.binarySearch(sorted, own[i]);
      if (!counted.get(place)
          && Arrays.binarySearch(before, own[i]) < 0
          && Arrays.binarySearch(after, own[i]) < 0) {
        bytes += table.storedLength(i);
      }
      counted.set(place);
    }
    return bytes;
  }

  /** In order; none of a neighbour that is damaged itself. */
  private long[] placesOf(BackupId id, Map<String, Integer> packs) {
    try {
      long[] places = places(manifests.load(id, null).table(), packs);
      Arrays.sort(places);
      return places;
    } catch (CorruptBackupException _) {
      return new long[0];
    }
  }

  /** Where each chunk lies, in one number. */
  private static long[] places(ChunkTable table, Map<String, Integer> packs) {
    long[] numbers =
        table.packList().stream()
            .mapToLong(pack -> (long) number(packs, pack.name()) << OFFSET_BITS)
            .toArray();
    long[] places = new long[table.count()];
    for (int i = 0; i < places.length; i++) {
      places[i] = numbers[table.pack(i)] + table.offset(i);
    }
    return places;
  }

  private static int number(Map<String, Integer> packs, String name) {
    Integer known = packs.putIfAbsent(name, packs.size());
    return known == null ? packs.size() - 1 : known;
  }
}
