package io.liferaft.backup;

import io.liferaft.objectstore.Backoff;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps backups from succeeding: told once per cause, with the time of the next attempt.
 * Changed by one thread at a time, read by any.
 */
final class BackupTrouble {

  private static final Logger log = LoggerFactory.getLogger(BackupTrouble.class);

  /**
   * @param problem null when there is none
   * @param cause the same for what needs no second warning
   */
  private record State(
      int failures, Instant notBefore, @Nullable String problem, @Nullable String cause) {}

  private static final State NONE = new State(0, Instant.MIN, null, null);

  private final String label;
  private final Clock clock;
  private final RandomGenerator random;
  private volatile State state = NONE;

  /**
   * @param label what its sentences in the log begin with
   */
  BackupTrouble(String label, Clock clock, RandomGenerator random) {
    this.label = label;
    this.clock = clock;
    this.random = random;
  }

  int failures() {
    return state.failures();
  }

  /** When the next attempt may be made. */
  Instant notBefore() {
    return state.notBefore();
  }

  Duration untilRetry() {
    Duration until = Duration.between(clock.instant(), state.notBefore());
    return until.isPositive() ? until : Duration.ofMillis(1);
  }

  /** One sentence; null when backups are as they should be. */
  @Nullable String problem() {
    return state.problem();
  }

  /** An attempt failed and will be repeated. */
  void failed(String cause, String sentence, Exception e) {
    int failures = state.failures() + 1;
    boolean first = !cause.equals(state.cause());
    state =
        new State(failures, clock.instant().plus(Backoff.after(failures, random)), sentence, cause);
    if (first) {
      log.warn("{}{}; it is retried until it succeeds", label, sentence);
    }
    log.debug("Failure {} in a row", failures, e);
  }

  /** Nothing failed, but an operator has to decide. */
  void held(String cause, String sentence) {
    boolean first = !cause.equals(state.cause());
    state = new State(0, Instant.MIN, sentence, cause);
    if (first) {
      log.warn("{}{}", label, sentence);
    }
  }

  void over() {
    if (state.failures() > 0) {
      log.info("{}Backups succeed again after {} failed attempts", label, state.failures());
    }
    state = NONE;
  }
}
