package io.liferaft.restore;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells, and loudly, when this node turns to the second target and when it restores from there.
 * Changed by one thread at a time, read by any.
 */
final class SecondPlace {

  private static final Logger log = LoggerFactory.getLogger(SecondPlace.class);

  private final @Nullable String first;
  private final @Nullable String second;
  private final RestoreCounts counts;

  private @Nullable String firstFailure;
  private boolean warned;
  private volatile @Nullable String why;

  SecondPlace(@Nullable String first, @Nullable String second, RestoreCounts counts) {
    this.first = first;
    this.second = second;
    this.counts = counts;
  }

  /** Why this node turned to the second target; null when it did not. */
  @Nullable String why() {
    return why;
  }

  /**
   * @param sentence that tells it
   */
  void firstFailed(String sentence) {
    firstFailure = sentence;
  }

  /**
   * The second is tried because the first keeps failing: a warning once, as it goes on by turns.
   */
  void tried(int failures) {
    String sentence =
        "%s has failed %d times in a row (last: %s), so the second target %s is tried, which may be older"
            .formatted(first, failures, firstFailure, second);
    turn(sentence);
    if (warned) {
      log.info("{}", sentence);
    } else {
      warned = true;
      log.warn("{}", sentence);
    }
  }

  /** The second is asked because the first holds nothing. */
  void askedAsWell() {
    turn("%s holds no backup, so the second target %s is asked".formatted(first, second));
  }

  /** The second is taken because what it holds is newer. */
  void holdsNewer() {
    turn("the second target %s holds a newer backup than %s".formatted(second, first));
  }

  private void turn(String sentence) {
    why = sentence;
    counts.secondAsked.increment();
  }

  void restored(String from) {
    if (!from.equals(second)) {
      forget();
      return;
    }
    counts.fromSecond.increment();
    log.warn(
        "This cluster was restored from the second target {} and not from {}: {}. What only {} holds"
            + " is not restored, and stays there",
        second,
        first,
        why,
        first);
  }

  /** It came to nothing, or another node goes on. */
  void forget() {
    why = null;
  }
}
