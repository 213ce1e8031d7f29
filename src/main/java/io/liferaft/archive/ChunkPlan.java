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
import org.jspecify.annotations.Nullable;

/**
 * Which chunks of a surveyed database the archive has already, going by the newest backup, and
 * which have to be sent.
 */
final class ChunkPlan {

  /** A pack of which less is in use is rewritten, a piece at a time. */
  private static final double MOSTLY_DEAD = 0.3;

  private static final long MOST_REWRITTEN_BYTES = 64L << 20;

  private final Survey survey;
  private final long sizeBytes;
  private final @Nullable ChunkTable parent;
  private final int[] packs;
  private final long[] offsets;
  private final int[] lengths;

  /** For a chunk that is equal to one that is sent: which of the sent ones. -1 else. */
  private final int[] sent;

  private final List<Integer> toSend = new ArrayList<>();

  private ChunkPlan(Survey survey, @Nullable ChunkTable parent) {
    this.survey = survey;
    this.sizeBytes = survey.source().sizeBytes();
    this.parent = parent;
    int count = ChunkTable.count(sizeBytes);
    this.packs = new int[count];
    this.offsets = new long[count];
    this.lengths = new int[count];
    this.sent = new int[count];
    Arrays.fill(sent, -1);
  }

  /**
   * @param parent what the archive has; null for nothing
   * @param rewrite whether chunks in packs that are mostly dead are sent again
   * @param sound the packs that may be relied on; null for all
   */
  static ChunkPlan of(
      Survey survey, @Nullable ChunkTable parent, boolean rewrite, @Nullable Set<Pack> sound) {
    ChunkPlan plan = new ChunkPlan(survey, parent);
    plan.fill(rewrite, sound);
    return plan;
  }

  private void fill(boolean rewrite, @Nullable Set<Pack> sound) {
    ChunkTable has = parent;
    BitSet dead = rewrite && has != null ? mostlyDead(has) : new BitSet();
    BitSet lost = has != null && sound != null ? lost(has, sound) : new BitSet();
    HashIndex index = null;
    Map<ByteBuffer, Integer> sending = new HashMap<>();
    long rewritten = 0;
    for (int i = 0; i < packs.length; i++) {
      int at = i * ChunkTable.HASH_BYTES;
      int found = -1;
      if (has != null && i < has.count() && has.hasHash(i, survey.hashes(), at)) {
        found = i;
      } else if (has != null) {
        index = index == null ? new HashIndex(has) : index;
        found = index.find(survey.hashes(), at);
      }
      boolean again =
          has != null
              && found >= 0
              && (lost.get(has.pack(found))
                  || (dead.get(has.pack(found)) && rewritten < MOST_REWRITTEN_BYTES));
      if (has != null && found >= 0 && !again) {
        packs[i] = has.pack(found);
        offsets[i] = has.offset(found);
        lengths[i] = has.storedLength(found);
      } else {
        boolean counts = again && has != null && !lost.get(has.pack(found));
        rewritten += counts && has != null ? has.storedLength(found) : 0;
        send(i, sending);
      }
    }
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
   * The table of the new backup.
   *
   * @param pack that holds what was sent; null when nothing was
   * @param written where it lies in there
   */
  ChunkTable table(@Nullable Pack pack, PackWriter written) {
    List<Pack> before = parent == null ? List.of() : parent.packList();
    int[] place = new int[before.size()];
    Arrays.fill(place, -1);
    List<Pack> used = new ArrayList<>();
    for (int i = 0; i < packs.length; i++) {
      if (sent[i] < 0 && place[packs[i]] < 0) {
        place[packs[i]] = used.size();
        used.add(before.get(packs[i]));
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
