package io.liferaft.archive;

import io.liferaft.archive.ChunkTable.Pack;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which chunks of a surveyed database the archive has already, going by the newest backup and by
 * earlier ones that are shown to it, and which have to be sent.
 */
final class ChunkPlan {

  /** A pack of which less is in use is rewritten, a piece at a time. */
  private static final double MOSTLY_DEAD = 0.3;

  private static final long MOST_REWRITTEN_BYTES = 64L << 20;

  private final Survey survey;
  private final long sizeBytes;
  private final ChunkTable parent;
  private final int[] packs;
  private final long[] offsets;
  private final int[] lengths;

  /** For a chunk that is equal to one that is sent: which of the sent ones. -1 else. */
  private final int[] sent;

  private final List<Integer> toSend = new ArrayList<>();

  /** The parent's packs, and behind them those that only earlier backups have. */
  private final List<Pack> allPacks;

  /** Which of the parent's packs are being rewritten. */
  private BitSet dead = new BitSet();

  /** Made when a chunk is not where it was: most are. */
  private @Nullable HashIndex index;

  private ChunkPlan(Survey survey, ChunkTable parent) {
    this.survey = survey;
    this.sizeBytes = survey.source().sizeBytes();
    this.parent = parent;
    this.allPacks = new ArrayList<>(parent.packList());
    int count = ChunkTable.count(sizeBytes);
    this.packs = new int[count];
    this.offsets = new long[count];
    this.lengths = new int[count];
    this.sent = new int[count];
    Arrays.fill(sent, -1);
  }

  /**
   * @param parent what the archive has
   * @param rewrite whether chunks in packs that are mostly dead are sent again
   * @param sound the packs that may be relied on; null for all
   */
  static ChunkPlan of(
      Survey survey, ChunkTable parent, boolean rewrite, @Nullable Set<Pack> sound) {
    ChunkPlan plan = new ChunkPlan(survey, parent);
    plan.fill(rewrite, sound);
    return plan;
  }

  private void fill(boolean rewrite, @Nullable Set<Pack> sound) {
    dead = rewrite ? mostlyDead(parent) : dead;
    BitSet lost = sound == null ? new BitSet() : lost(parent, sound);
    Map<ByteBuffer, Integer> sending = new HashMap<>();
    long rewritten = 0;
    for (int i = 0; i < packs.length; i++) {
      int found = find(i);
      if (found < 0 || lost.get(parent.pack(found))) {
        send(i, sending);
      } else if (dead.get(parent.pack(found)) && rewritten < MOST_REWRITTEN_BYTES) {
        rewritten += parent.storedLength(found);
        send(i, sending);
      } else {
        packs[i] = parent.pack(found);
        offsets[i] = parent.offset(found);
        lengths[i] = parent.storedLength(found);
      }
    }
  }

  /** An equal chunk of the parent, best at its own place; -1 for none. */
  private int find(int chunk) {
    int at = chunk * ChunkTable.HASH_BYTES;
    if (chunk < parent.count() && parent.hasHash(chunk, survey.hashes(), at)) {
      return chunk;
    }
    HashIndex known = index;
    if (known == null) {
      known = new HashIndex(parent);
      index = known;
    }
    return known.find(survey.hashes(), at);
  }

  private void send(int chunk, Map<ByteBuffer, Integer> sending) {
    ByteBuffer hash =
        ByteBuffer.wrap(survey.hashes(), chunk * ChunkTable.HASH_BYTES, ChunkTable.HASH_BYTES);
    Integer same = sending.putIfAbsent(hash, toSend.size());
    if (same != null) {
      sent[chunk] = same;
    } else {
      sent[chunk] = toSend.size();
      toSend.add(chunk);
    }
  }

  private static BitSet lost(ChunkTable table, Set<Pack> sound) {
    BitSet lost = new BitSet();
    for (int p = 0; p < table.packList().size(); p++) {
      lost.set(p, !sound.contains(table.packList().get(p)));
    }
    return lost;
  }

  private static BitSet mostlyDead(ChunkTable table) {
    BitSet dead = new BitSet();
    long[] live = table.liveBytes();
    for (int p = 0; p < live.length; p++) {
      if (live[p] < table.packList().get(p).bytes() * MOSTLY_DEAD) {
        dead.set(p);
      }
    }
    return dead;
  }

  List<Integer> toSend() {
    return toSend;
  }

  /**
   * Takes from an earlier backup what would be sent otherwise.
   *
   * @param usable whether a pack may be relied on
   */
  void reuse(ChunkTable earlier, Predicate<Pack> usable) {
    HashIndex hashes = new HashIndex(earlier);
    Map<Pack, Integer> placeOf = ManifestStore.places(allPacks);
    int[] places = new int[toSend.size()];
    int[] numbers = new int[toSend.size()];
    List<Integer> rest = new ArrayList<>();
    for (int s = 0; s < places.length; s++) {
      int found = hashes.find(survey.hashes(), toSend.get(s) * ChunkTable.HASH_BYTES);
      boolean there = false;
      if (found >= 0) {
        Pack pack = earlier.packList().get(earlier.pack(found));
        Integer at = placeOf.get(pack);
        there = (at == null || !dead.get(at)) && usable.test(pack);
      }
      places[s] = there ? found : -1;
      numbers[s] = rest.size();
      if (!there) {
        rest.add(toSend.get(s));
      }
    }
    for (int i = 0; i < packs.length; i++) {
      int s = sent[i];
      if (s >= 0 && places[s] >= 0) {
        Pack pack = earlier.packList().get(earlier.pack(places[s]));
        packs[i] = ManifestStore.placed(allPacks, placeOf, pack);
        offsets[i] = earlier.offset(places[s]);
        lengths[i] = earlier.storedLength(places[s]);
        sent[i] = -1;
      } else if (s >= 0) {
        sent[i] = numbers[s];
      }
    }
    toSend.clear();
    toSend.addAll(rest);
  }

  /**
   * The table of the new backup.
   *
   * @param pack that holds what was sent; null when nothing was
   * @param written where it lies in there
   */
  ChunkTable table(@Nullable Pack pack, PackWriter written) {
    int[] place = new int[allPacks.size()];
    Arrays.fill(place, -1);
    List<Pack> used = new ArrayList<>();
    for (int i = 0; i < packs.length; i++) {
      if (sent[i] < 0 && place[packs[i]] < 0) {
        place[packs[i]] = used.size();
        used.add(allPacks.get(packs[i]));
      }
    }
    if (pack != null) {
      used.add(pack);
    }
    for (int i = 0; i < packs.length; i++) {
      if (sent[i] < 0) {
        packs[i] = place[packs[i]];
      } else {
        packs[i] = used.size() - 1;
        offsets[i] = written.offset(sent[i]);
        lengths[i] = written.length(sent[i]);
      }
    }
    return new ChunkTable(sizeBytes, survey.hashes(), packs, offsets, lengths, used);
  }
}
