package io.liferaft.membership;

import io.liferaft.raft.GroupMembership;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.PeerAnswer;
import io.liferaft.raft.RequestRefusedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;

/**
 * Carries out {@link FormingDecision}s until this node is a member of a cluster; from then on looks
 * whether that has a leader.
 */
final class ClusterFormation implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(ClusterFormation.class);
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration STEP = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final Duration PAUSE_AS_MEMBER = Duration.ofSeconds(2);

  /** Looks without a leader before it is taken for lost: an election is over by then. */
  private static final int LOOKS_BEFORE_LOST = 3;

  /** Looks of a member from one comparison with the leader's log to the next. */
  private static final int LOOKS_PER_COMPARISON = 5;

  private final GroupMembership membership;
  private final Semaphore stopped = new Semaphore(0);
  private @Nullable Thread thread;
  private volatile boolean running;
  private final ApplicationEventPublisher events;
  private final Joining joining;
  private int looksRemoved;
  private int looks;
  private int looksWithoutLeader;
  private @Nullable String refusedBy;

  ClusterFormation(GroupMembership membership, ApplicationEventPublisher events) {
    this.membership = membership;
    this.events = events;
    this.joining = new Joining(membership);
  }

  @Override
  public void start() {
    running = true;
    thread = Thread.ofVirtual().name("membership-" + membership.id()).start(this::run);
  }

  @Override
  public void stop() {
    running = false;
    stopped.release();
    if (thread != null) {
      thread.interrupt();
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** After raft, and stopped before it. */
  @Override
  public int getPhase() {
    return 100;
  }

  private void run() {
    try {
      while (running) {
        Duration pause = step();
        if (stopped.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      log.debug("Stopped");
    }
  }

  private Duration step() throws InterruptedException {
    try {
      PeerAnswer self = membership.self();
      if (membership.removed()) {
        membership.report(
            "this node has been removed from its cluster: stop it, or start it again to have it admitted");
        return PAUSE_AS_MEMBER;
      }
      return switch (self.standing()) {
        case MEMBER -> asMember(self);
        case UNKNOWN -> PAUSE;
        case FRESH, DETACHED, JOINING, UNREACHABLE ->
            membership.listed().isPresent()
                ? recover(self, membership.listed().get())
                : membership.plan().joins() ? join(self) : form(self);
      };
    } catch (NotReadyException e) {
      log.debug("Asked too early: {}", e.getMessage());
      return PAUSE;
    } catch (RuntimeException e) {
      membership.report(e.getMessage() == null ? e.toString() : e.getMessage());
      log.debug("Forming goes on", e);
      return PAUSE;
    }
  }

  private Duration form(PeerAnswer self) {
    carryOut(FormingDecision.decide(self, membership.members(), askOthers()));
    return PAUSE;
  }

  private Duration recover(PeerAnswer self, GroupMembership.Listed list) {
    Map<String, String> others = new HashMap<>(list.leftOut());
    others.putAll(list.all());
    others.remove(self.id());
    carryOut(
        RecoveryDecision.decide(
            self, list, Questions.ask(others, address -> membership.ask(address, ASK))));
    return PAUSE;
  }

  private Duration join(PeerAnswer self) throws InterruptedException {
    String reason;
    try {
      FormingDecision decision = joining.look(self);
      carryOut(decision);
      if (!(decision instanceof FormingDecision.Hold(var why))) {
        joining.cameOn();
        return PAUSE;
      }
      reason = why;
    } catch (NotLeaderException | NotReadyException e) {
      log.debug("Asked too early: {}", e.getMessage());
      return PAUSE;
    } catch (RuntimeException e) {
      reason = e.getMessage() == null ? e.toString() : e.getMessage();
      membership.report(reason);
      log.debug("Joining goes on", e);
    }
    String end = joining.inVain(self, reason);
    if (end != null) {
      fail(end);
    }
    return joining.pause();
  }

  private void fail(String reason) {
    log.error("{}", reason);
    running = false;
    stopped.release();
    events.publishEvent(new FormationFailed(reason));
  }

  private Duration asMember(PeerAnswer self) {
    if (membership.plan().joins() && membership.plan().expect() == 0 && membership.foundedAlone()) {
      fail(
          "this node is the only member of a cluster of its own and cannot join another one: start it without liferaft.raft.join (-join), or with an empty data directory");
      return PAUSE;
    }
    if (!membership.cleared()) {
      return atStart(self);
    }
    String leader = self.leaderAddress();
    looksWithoutLeader = leader == null ? looksWithoutLeader + 1 : 0;
    if (leader != null && looks++ % LOOKS_PER_COMPARISON == 0 && !agrees(leader)) {
      return PAUSE_AS_MEMBER;
    }
    carryOut(
        looksWithoutLeader < LOOKS_BEFORE_LOST || membership.members().size() == 1
            ? new FormingDecision.Nothing()
            : leaderless(self));
    return PAUSE_AS_MEMBER;
  }

  private FormingDecision leaderless(PeerAnswer self) {
    Map<String, PeerAnswer> others = askOthers();
    String leader = leaderOf(self.groupId(), others);
    if (leader != null && !agrees(leader)) {
      return new FormingDecision.Nothing(); // it has been removed, and was not told
    }
    return FormingDecision.leaderless(self, membership.members(), others, membership.dataDir());
  }

  private static @Nullable String leaderOf(String group, Map<String, PeerAnswer> others) {
    return others.values().stream()
        .filter(other -> other.leads() && other.groupId().equals(group))
        .map(PeerAnswer::raftAddress)
        .findFirst()
        .orElse(null);
  }

  private Duration atStart(PeerAnswer self) {
    Map<String, PeerAnswer> others = askOthers();
    FormingDecision decision = FormingDecision.atStart(self, others);
    carryOut(decision);
    if (decision instanceof FormingDecision.Nothing) {
      String leader = leaderOf(self.groupId(), others);
      if (leader == null || agrees(leader)) {
        membership.clear();
      }
    }
    return PAUSE;
  }

  /** Whether what this node holds goes with what the leader has; sees to it when not. */
  private boolean agrees(String leader) {
    GroupMembership.Comparison found;
    try {
      found = membership.compare(leader);
    } catch (NotLeaderException | NotReadyException e) {
      return true; // another one leads by now, and is asked in its turn
    }
    switch (found) {
      case GroupMembership.Comparison.Agrees _ -> {}
      case GroupMembership.Comparison.Contradicts(var reason) -> membership.standAside(reason);
      case GroupMembership.Comparison.Lags lags -> membership.enterAgain(lags);
      case GroupMembership.Comparison.Removed _ -> removed();
    }
    looksRemoved = found instanceof GroupMembership.Comparison.Removed ? looksRemoved : 0;
    return found instanceof GroupMembership.Comparison.Agrees;
  }

  /** Twice, since a new leader may have yet to learn of this node. */
  private void removed() {
    looksRemoved++;
    if (looksRemoved < 2) {
      return;
    }
    if (membership.cleared()) {
      membership.leave();
    } else {
      membership.enterAfterRemoval();
    }
  }

  private void carryOut(FormingDecision decision) {
    switch (decision) {
      case FormingDecision.Nothing _ -> membership.report(null);
      case FormingDecision.Found(var members) -> {
        membership.clear();
        membership.found(members);
        membership.report(null);
      }
      case FormingDecision.Join(var leader) -> {
        membership.clear();
        enter(leader);
      }
      case FormingDecision.GoOn _ -> {
        membership.clear();
        membership.goOnForListed();
        membership.report(null);
      }
      case FormingDecision.Hold(var reason) -> membership.report(reason);
      case FormingDecision.StandAside(var reason) -> membership.standAside(reason);
      case FormingDecision.StartAnew _ -> {
        membership.report("the cluster is gone and nobody holds any data: beginning again");
        looksWithoutLeader = 0;
        membership.startAnew();
      }
    }
  }

  /** Who has been refused asks on, and goes on saying why. */
  private void enter(String leader) {
    if (!leader.equals(refusedBy)) {
      membership.report("entering the cluster through its leader at " + leader);
    }
    refusedBy = null;
    try {
      membership.join(leader, STEP);
    } catch (RequestRefusedException e) {
      refusedBy = leader;
      throw e;
    }
  }

  private Map<String, PeerAnswer> askOthers() {
    Map<String, String> others = new HashMap<>(membership.members());
    others.remove(membership.id());
    return Questions.ask(others, address -> membership.ask(address, ASK));
  }
}
