package io.liferaft.restore;

import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.LeadershipChanged;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreDecision.BackOff;
import io.liferaft.restore.RestoreDecision.EndDisabled;
import io.liferaft.restore.RestoreDecision.Finished;
import io.liferaft.restore.RestoreDecision.Follow;
import io.liferaft.restore.RestoreDecision.HandOn;
import io.liferaft.restore.RestoreDecision.Look;
import io.liferaft.restore.RestoreDecision.Place;
import io.liferaft.restore.RestoreDecision.Retry;
import io.liferaft.restore.RestoreDecision.StartEmpty;
import io.liferaft.restore.RestoreDecision.Wait;
import io.liferaft.restore.RestoreSearch.Elsewhere;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;

/**
 * Takes the restore from decision to decision on a thread of its own until it has ended. Leadership
 * events wake it; the loss of leadership interrupts an attempt.
 */
final class RestoreService implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(RestoreService.class);

  /** Above raft's, below the web server's: stops after the one and before the other. */
  static final int PHASE = 1000;

  /** How often facts are looked at that no event tells of; all of them are in memory. */
  private static final Duration TICK = Duration.ofMillis(200);

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration TRANSFER_TIMEOUT = Duration.ofSeconds(5);

  private final RestoreProperties.OnFailure policy;
  private final @Nullable String source;
  private final @Nullable String second;
  private final RaftNode node;
  private final Clock clock;
  private final RestoreTrouble trouble;
  private final RestoreFolder folder;
  private final RestoreAttempt attempt;
  private final SecondPlace secondPlace;

  private final RestoreThread thread = new RestoreThread(this::step, TICK);

  private volatile @Nullable LeadershipChanged leadership;
  private volatile RestoreState state = new RestoreState.Waiting("this node is starting");
  private volatile @Nullable Instant began;
  private boolean toldElsewhere;
  private volatile @Nullable Instant ended;

  /** Makes the attempt that reports to this service. */
  @FunctionalInterface
  interface Attempts {
    RestoreAttempt with(Consumer<RestoreState> states, BooleanSupplier leading);
  }

  /**
   * @param source address to restore from; null when restore is off
   * @param second where to look when the source holds nothing or keeps failing; null for nowhere
   */
  RestoreService(
      RestoreProperties.OnFailure policy,
      @Nullable String source,
      @Nullable String second,
      RaftNode node,
      Clock clock,
      RandomGenerator random,
      RestoreFolder folder,
      Attempts attempts) {
    this.policy = policy;
    this.source = source;
    this.second = second;
    this.node = node;
    this.clock = clock;
    this.trouble = new RestoreTrouble(clock, random);
    this.folder = folder;
    this.attempt = attempts.with(this::moveTo, this::leads);
    this.secondPlace = new SecondPlace(source, second, attempt.counts());
  }

  /** Over as soon as readiness says so: this service's own thread may notice a moment later. */
  RestoreState state() {
    RestoreState last = state;
    if (last instanceof RestoreState.Done) {
      return last;
    }
    ReplicatedState applied = node.state();
    String outcome = RestoreDecision.outcome(applied.restore(), applied.changeIndex());
    return outcome == null ? last : new RestoreState.Done(outcome);
  }

  /** Failed attempts of this node since it leads. */
  int attempts() {
    return trouble.attempts();
  }

  /** Why the last attempt failed, also while the next one runs; null when none has. */
  @Nullable String lastFailure() {
    return trouble.lastFailure();
  }

  /** Why this node turned to the second target; null when it did not. */
  @Nullable String turnedToSecond() {
    return secondPlace.why();
  }

  /** What this node has restored; null for nothing. */
  @Nullable Restored restored() {
    return attempt.restored();
  }

  RestoreCounts counts() {
    return attempt.counts();
  }

  /** Time since this node first looked, up to the end; zero when it never did. */
  Duration took() {
    Instant from = began;
    Instant to = ended;
    return from == null ? Duration.ZERO : Duration.between(from, to == null ? clock.instant() : to);
  }

  @EventListener
  void on(LeadershipChanged event) {
    leadership = event;
    if (!event.thisNodeLeads()) {
      thread.interruptAttempt();
    }
    thread.wake();
  }

  private boolean leads() {
    LeadershipChanged last = leadership;
    return last != null && last.thisNodeLeads() && node.status().leads();
  }

  /**
   * Takes one decision and carries it out.
   *
   * @return how long to wait for the next; zero when the restore has ended
   */
  Duration step() {
    return switch (RestoreDecision.of(facts())) {
      case Finished(String outcome) -> {
        finish(outcome);
        yield Duration.ZERO;
      }
      case Wait(String reason) -> {
        forget();
        moveTo(new RestoreState.Waiting(reason));
        yield TICK;
      }
      case Follow(String leaderId) -> {
        forget();
        moveTo(new RestoreState.Following(leaderId));
        yield TICK;
      }
      case BackOff(_) -> TICK;
      case EndDisabled() -> {
        var _ =
            this.<Void>run(
                "(none)",
                () -> {
                  log.info("Restore is off or has no source: the cluster starts empty");
                  node.endRestore(RestoreRecord.Outcome.DISABLED);
                  return null;
                });
        yield TICK;
      }
      case Look(String from, boolean begun, String other) -> {
        if (began == null) {
          began = clock.instant();
        }
        look(from, begun, other);
        yield TICK;
      }
    };
  }

  private void look(String from, boolean begun, @Nullable String other) {
    if (begun && source != null && !toldElsewhere && place(from) == Place.ELSEWHERE) {
      toldElsewhere = true;
      log.warn(
          "The restore of this cluster began from {} and goes on from there, whatever"
              + " liferaft.restore.source now is ({}): to restore from another place, stop all nodes"
              + " and start them with empty data directories",
          from,
          source);
    }
    if (from.equals(second)) {
      secondPlace.tried(trouble.tried().firstFailures());
    }
    // What may be newer and cannot be had after some attempts is not waited for.
    boolean compares =
        from.equals(source) && trouble.attempts() < RestoreDecision.ATTEMPTS_BEFORE_GIVING_UP;
    RestoreSearch search = new RestoreSearch(from, begun, other, compares ? second : null, null);
    Elsewhere further = ask(search);
    if (further == null) {
      return;
    }
    if (further.than() != null) {
      secondPlace.holdsNewer();
    } else {
      trouble.empty(place(from));
      if (further.source().equals(second)) {
        secondPlace.askedAsWell();
      }
    }
    var _ = ask(search.at(further));
  }

  private @Nullable Elsewhere ask(RestoreSearch search) {
    long before = attempt.counts().restored.sum();
    Elsewhere further = run(search.source(), () -> attempt.run(search));
    if (attempt.counts().restored.sum() > before) {
      secondPlace.restored(search.source());
    }
    return further;
  }

  private Place place(String from) {
    try {
      if (source != null && attempt.samePlace(from, source)) {
        return Place.FIRST;
      }
      return second != null && attempt.samePlace(from, second) ? Place.SECOND : Place.ELSEWHERE;
    } catch (IllegalArgumentException e) {
      log.debug("{} is no place that this node can open", from, e);
      return Place.ELSEWHERE;
    }
  }

  private RestoreDecision.Facts facts() {
    NodeStatus status = node.status();
    ReplicatedState applied = node.state();
    boolean running = status.phase() == NodeStatus.Phase.RUNNING;
    return new RestoreDecision.Facts(
        applied.restore(),
        applied.changeIndex(),
        !running || node.databaseEmpty(),
        status.phase(),
        status.formed(),
        status.leader() == null ? null : status.leader().id(),
        status.leads(),
        leads(),
        source,
        second,
        second != null && applied.restore() instanceof RestoreRecord.Begun(_, String from)
            ? place(from)
            : null,
        trouble.tried(),
        clock.instant(),
        trouble.next());
  }

  private void forget() {
    toldElsewhere = false;
    trouble.forget();
    secondPlace.forget();
  }

  private void finish(String outcome) {
    folder.clear();
    if (!outcome.equals(RestoreDecision.word(RestoreRecord.Outcome.RESTORED))) {
      secondPlace.forget();
    }
    if (!(state instanceof RestoreState.Done)) {
      if (state instanceof RestoreState.Following && source != null) {
        attempt.counts().followed.increment();
      }
      if (state instanceof RestoreState.Waiting) {
        log.debug("This cluster's restore ended before: {}", outcome);
      } else {
        log.info("Restore is over: {}", outcome);
      }
      ended = clock.instant();
    }
    moveTo(new RestoreState.Done(outcome));
  }

  private void moveTo(RestoreState to) {
    state = to;
  }

  /** What the work says that has to follow; null also when it failed. */
  private <T> @Nullable T run(String from, RestoreThread.Work<T> work) {
    try {
      return thread.attempt(work);
    } catch (RestoreAttempt.LeadershipLost
        | NotLeaderException
        | NotReadyException
        | CommitUnknownException e) {
      givenUp(e);
    } catch (IOException | RuntimeException e) {
      if (leads() && !thread.stopping() && !endedMeanwhile(e)) {
        failed(RestoreFailure.of(e, from), from);
      } else {
        givenUp(e);
      }
    }
    return null;
  }

  /** A refusal because the restore has ended meanwhile is no failure: the next decision sees it. */
  private boolean endedMeanwhile(Exception e) {
    return e instanceof RequestRefusedException && ended(node.state());
  }

  static boolean ended(ReplicatedState state) {
    return RestoreDecision.outcome(state.restore(), state.changeIndex()) != null;
  }

  private void givenUp(Exception e) {
    log.info("The attempt to restore stops here: {}", e.getMessage());
    log.debug("Cause of the above", e);
    moveTo(new RestoreState.Waiting("the cluster is changing its leader"));
  }

  private void failed(RestoreFailure failure, String from) {
    Place at = place(from);
    trouble.failed(failure, at);
    if (at == Place.FIRST) {
      secondPlace.firstFailed(failure.sentence());
    }
    attempt.counts().failed.increment();
    moveTo(new RestoreState.Failed(from, failure.sentence(), trouble.attempts(), trouble.next()));
    switch (RestoreDecision.failed(
        failure.fault(),
        trouble.attempts(),
        trouble.storeFailures(),
        policy,
        at == Place.ELSEWHERE,
        voters(),
        second != null && at != Place.ELSEWHERE && !trouble.tried().secondAsked())) {
      case Retry() -> {}
      case HandOn() -> handOn(from);
      case StartEmpty() -> startEmpty(from, failure);
    }
  }

  private int voters() {
    return (int) node.status().members().stream().filter(NodeStatus.Member::voter).count();
  }

  /** The failures before have been told; where no node can restore this comes round for ever. */
  private void handOn(String from) {
    log.info("This node cannot restore from {} and hands leadership on: another may", from);
    try {
      node.transferLeadership(null, TRANSFER_TIMEOUT);
    } catch (RuntimeException e) {
      log.info("Leadership stays here: {}", e.getMessage());
    }
  }

  private void startEmpty(String from, RestoreFailure failure) {
    log.error(
        "Restore from {} failed {} times and liferaft.restore.on-failure is start-empty: the cluster"
            + " starts EMPTY, what the backup holds is not in it. Last failure: {}",
        from,
        trouble.storeFailures(),
        failure.sentence());
    try {
      node.endRestore(RestoreRecord.Outcome.STARTED_EMPTY);
    } catch (RuntimeException e) {
      log.info("The restore could not be ended yet: {}", e.getMessage());
    }
  }

  @Override
  public void start() {
    thread.start();
  }

  /** Interrupts an attempt; what has been downloaded stays for the next start. */
  @Override
  public void stop() {
    thread.stop(STOP_TIMEOUT);
  }

  @Override
  public boolean isRunning() {
    return thread.running();
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
