package io.liferaft.raft;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the log says of the restore drills of one destination. One of the two is there.
 *
 * @param good the last one that ended well; null before it
 * @param damaged the last one of all, if it found the backup damaged; else null
 */
public record Verification(@Nullable VerifiedRecord good, @Nullable VerifiedRecord damaged) {

  /** Destinations of which something is kept. */
  static final int MOST = 16;

  public Verification {
    if (good == null && damaged == null) {
      throw new IllegalArgumentException("a verification of nothing");
    }
  }

  /** The last one of all. */
  public VerifiedRecord last() {
    return damaged == null ? java.util.Objects.requireNonNull(good) : damaged;
  }

  /**
   * As it is after one more drill. Of more destinations than {@link #MOST} the one whose last drill
   * is the oldest is forgotten: targets come and go.
   */
  static Map<String, Verification> with(Map<String, Verification> before, VerifiedRecord record) {
    Map<String, Verification> next = new HashMap<>(before);
    Verification known = next.remove(record.destination());
    if (next.size() >= MOST) {
      next.entrySet().stream()
          .min(
              Comparator.comparingLong(
                      (Map.Entry<String, Verification> one) -> one.getValue().last().timeMillis())
                  .thenComparing(Map.Entry::getKey))
          .map(Map.Entry::getKey)
          .ifPresent(next::remove);
    }
    next.put(
        record.destination(),
        record.good()
            ? new Verification(record, null)
            : new Verification(known == null ? null : known.good(), record));
    return next;
  }
}
