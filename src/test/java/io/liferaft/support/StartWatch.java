package io.liferaft.support;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.RqliteClient.Answer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * An impatient client and two probes at each node from before it listens: notes whatever they must
 * not see until the restore is over. Closing ends it.
 */
public final class StartWatch implements AutoCloseable {

  private static final long PAUSE_MILLIS = 100;

  private final String select;
  private final String write;
  private final Predicate<String> restoredRows;
  private final Predicate<String> restoredRefusal;
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger answered = new AtomicInteger();
  private final ScheduledExecutorService pollers;

  /**
   * Starts watching.
   *
   * @param select a query whose answer shows whether the restored data is there
   * @param restored what that answer contains then
   * @param write a statement that the restored data makes fail, so that it never changes anything
   * @param failure what that failure contains
   */
  public StartWatch(
      List<LiferaftProcess> nodes, String select, String restored, String write, String failure) {
    this.select = "[\"" + select + "\"]";
    this.write = "[\"" + write + "\"]";
    this.restoredRows = body -> body.contains(restored);
    this.restoredRefusal = body -> body.contains(failure);
    pollers = Executors.newScheduledThreadPool(nodes.size());
    nodes.forEach(node -> {
      Poll poll = new Poll(node);
      var _ = pollers.scheduleWithFixedDelay(poll::run, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    });
  }

  /** Fails when a node answered what it must not, or when nothing was seen at all. */
  public void assertClean() {
    assertThat(violations).isEmpty();
    assertThat(refused).as("requests refused while the data was not there").hasPositiveValue();
    assertThat(answered).as("requests answered with the restored data").hasPositiveValue();
  }

  /** How many requests were answered with the restored data. */
  public int answered() {
    return answered.get();
  }

  @Override
  public void close() {
    pollers.close();
  }

  private final class Poll {

    private final LiferaftProcess node;
    private final RqliteClient client;
    private boolean listens;

    Poll(LiferaftProcess node) {
      this.node = node;
      this.client = node.client();
    }

    void run() {
      try {
        live();
        boolean served = data("query", client.post("/db/query?level=none", select), restoredRows);
        served &= data("execute", client.post("/db/execute", write), restoredRefusal);
        probesAgree(served);
      } catch (RuntimeException e) {
        violations.add(node.id() + ": " + e);
      }
    }

    private void live() {
      Answer live = client.get("/actuator/health/liveness");
      if (live.status() == 0) {
        if (listens && node.alive()) {
          violations.add(node.id() + ": listens no more: " + live.body());
        }
      } else {
        listens = true;
        if (live.status() != 200) {
          violations.add(node.id() + ": not live: " + live.status() + " " + live.body());
        }
      }
    }

    private boolean data(String what, Answer answer, Predicate<String> restored) {
      switch (answer.status()) {
        case 0 -> {}
        case 503 -> {
          refused.incrementAndGet();
          if (answer.headers().firstValue("Retry-After").isEmpty()) {
            violations.add(node.id() + ": no Retry-After for " + what + ": " + answer.body());
          }
        }
        case 200 -> {
          answered.incrementAndGet();
          if (!restored.test(answer.body())) {
            violations.add(node.id() + ": " + what + " before the restore: " + answer.body());
          }
        }
        default ->
            violations.add(node.id() + ": " + what + ": " + answer.status() + " " + answer.body());
      }
      return answer.status() == 200;
    }

    /** A change between two requests is no disagreement. */
    private void probesAgree(boolean served) {
      int before = client.get("/readyz").status();
      int group = client.get("/actuator/health/readiness").status();
      Answer after = client.get("/readyz");
      if (before == after.status() && before != group) {
        violations.add(node.id() + ": /readyz says " + before + ", readiness " + group);
      }
      if (served && before != 200) {
        violations.add(node.id() + ": served and not ready: " + after.body());
      }
    }
  }
}
