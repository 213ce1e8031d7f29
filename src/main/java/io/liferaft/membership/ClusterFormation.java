package io.liferaft.membership;

import io.liferaft.raft.GroupMembership;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.PeerAnswer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Carries out {@link FormingDecision}s until this node is a member of a cluster. */
@Component
final class ClusterFormation implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(ClusterFormation.class);
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration STEP = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final Duration PAUSE_AS_MEMBER = Duration.ofSeconds(2);

  private final GroupMembership membership;
  private final Semaphore stopped = new Semaphore(0);
  private @Nullable Thread thread;
  private volatile boolean running;

  ClusterFormation(GroupMembership membership) {
    this.membership = membership;
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

  private Duration step() {
    try {
      PeerAnswer self = membership.self();
      Map<String, PeerAnswer> others =
          switch (self.standing()) {
            case MEMBER, UNKNOWN -> Map.of();
            case FRESH, DETACHED, JOINING, UNREACHABLE -> askOthers();
          };
      carryOut(FormingDecision.decide(self, membership.initialCluster(), others));
      return self.standing() == PeerAnswer.Standing.MEMBER ? PAUSE_AS_MEMBER : PAUSE;
    } catch (NotReadyException e) {
      log.debug("Asked too early: {}", e.getMessage());
      return PAUSE;
    } catch (RuntimeException e) {
      membership.report(e.getMessage() == null ? e.toString() : e.getMessage());
      log.debug("Forming goes on", e);
      return PAUSE;
    }
  }

  private void carryOut(FormingDecision decision) {
    switch (decision) {
      case FormingDecision.Nothing _ -> membership.report(null);
      case FormingDecision.Found _ -> {
        membership.found();
        membership.report(null);
      }
      case FormingDecision.Join(var leader) -> {
        membership.report("entering the cluster through its leader at " + leader);
        membership.join(leader, STEP);
      }
      case FormingDecision.Hold(var reason) -> membership.report(reason);
    }
  }

  private Map<String, PeerAnswer> askOthers() {
    Map<String, PeerAnswer> answers = new HashMap<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, CompletableFuture<PeerAnswer>> asked = new HashMap<>();
      membership
          .initialCluster()
          .forEach((id, address) -> {
            if (!id.equals(membership.id())) {
              asked.put(
                  id, CompletableFuture.supplyAsync(() -> membership.ask(address, ASK), executor));
            }
          });
      asked.forEach((id, answer) -> answers.put(id, answer.join()));
    }
    return answers;
  }
}
