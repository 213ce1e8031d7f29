package io.liferaft.restore;

import io.liferaft.objectstore.Backoff;
import io.liferaft.restore.RestoreDecision.Place;
import io.liferaft.restore.RestoreDecision.Tried;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The failed attempts of this node since it leads, with the time of the next. A reason is told
 * once, also when another one comes in between, or when leadership goes away and comes back.
 * Changed by one thread at a time, read by any.
 */
final class RestoreTrouble {

  private static final Logger log = LoggerFactory.getLogger(RestoreTrouble.class);

  /** Ports, durations and counts differ from attempt to attempt of one reason. */
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** Of each place; the oldest is told again when a store has had so many others since. */
  private static final int MOST_TOLD = 100;

  /**
   * @param storeFailures in a row, of the store or the backup
   * @param sentence that tells it; null for none
   */
  private record State(
      int attempts, int storeFailures, Instant next, @Nullable String sentence, Tried tried) {}

  private static final State NONE = new State(0, 0, Instant.MIN, null, Tried.NOTHING);

  private final Clock clock;
  private final RandomGenerator random;
  private volatile State state = NONE;
  private final Map<Place, SequencedSet<String>> told = new EnumMap<>(Place.class);

  RestoreTrouble(Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  int attempts() {
    return state.attempts();
  }

  int storeFailures() {
    return state.storeFailures();
  }

  /** Why the last attempt failed, also while the next one runs; null when none has. */
  @Nullable String lastFailure() {
    return state.sentence();
  }

  /** When the next attempt may be made. */
  Instant next() {
    return state.next();
  }

  /** What came of the two places that a backup may come from. */
  Tried tried() {
    return state.tried();
  }

  /** A place has answered that it holds nothing; no failure. */
  void empty(Place at) {
    State now = state;
    state =
        new State(
            now.attempts(), now.storeFailures(), now.next(), now.sentence(), now.tried().empty(at));
  }

  void failed(RestoreFailure failure, Place at) {
    int attempts = state.attempts() + 1;
    boolean first = isNew(failure, at);
    state =
        new State(
            attempts,
            failure.fault().ofPlace() ? state.storeFailures() + 1 : 0,
            clock.instant().plus(Backoff.after(attempts, random)),
            failure.sentence(),
            state.tried().failed(failure.fault(), at));
    if (first) {
      log.warn(
          "Restore failed: {}. It is retried; until it has ended no client is served",
          failure.sentence());
    }
    log.debug("Attempt {} failed", attempts, failure);
  }

  private boolean isNew(RestoreFailure failure, Place at) {
    SequencedSet<String> reasons = told.computeIfAbsent(at, _ -> new LinkedHashSet<>());
    boolean isNew =
        reasons.add(failure.kind() + " " + NUMBER.matcher(failure.sentence()).replaceAll("#"));
    if (reasons.size() > MOST_TOLD) {
      var _ = reasons.removeFirst();
    }
    return isNew;
  }

  /** What failed under an earlier leadership does not count for the next. */
  void forget() {
    state = NONE;
  }
}
