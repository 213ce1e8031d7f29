package io.liferaft.support;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.RqliteClient.Answer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * An impatient client, three probes and an operator at each node, from before it listens: notes
 * whatever they must not see before, during and after a restore, whoever is killed meanwhile.
 * Closing ends it.
 */
public final class StartWatch implements AutoCloseable {

  private static final long PAUSE_MILLIS = 200;
  private static final int READS = 4;

  private static final Pattern WARNING =
      Pattern.compile("(?m)^\\S+ +WARN .*?((?:io\\.liferaft|i\\.l)\\..*)$");

  private static final Set<String> RESTORE_STATES =
      Set.of(
          "waiting",
          "following",
          "looking",
          "downloading",
          "verifying",
          "loading",
          "failed",
          "done");

  /** What clients ask for data. */
  private enum Ask {
    QUERY,
    EXECUTE,
    REQUEST,
    BACKUP,
    LOAD
  }

  private static final List<Ask> ALL = List.of(Ask.values());

  /** The others are a burden to who has the data. */
  private static final List<Ask> WHEN_READY = List.of(Ask.QUERY, Ask.EXECUTE, Ask.REQUEST);

  private final String select;
  private final String write;
  private final String restored;
  private final String failure;
  private final List<LiferaftProcess> nodes;
  private final Map<LiferaftProcess, Integer> logStarts = new HashMap<>();
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final Set<String> states = ConcurrentHashMap.newKeySet();
  private final Set<Ask> refused = ConcurrentHashMap.newKeySet();
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
    this.nodes = List.copyOf(nodes);
    this.select = select;
    this.write = write;
    this.restored = restored;
    this.failure = failure;
    nodes.forEach(node -> logStarts.put(node, node.logText().length()));
    pollers = Executors.newScheduledThreadPool(nodes.size());
    nodes.forEach(node -> {
      Poll poll = new Poll(node);
      var _ = pollers.scheduleWithFixedDelay(poll::run, 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    });
  }

  /** Fails when a node did what it must not, or when none was seen to refuse and then to serve. */
  public void assertClean() {
    assertHeld();
    assertThat(answered).as("requests answered with the restored data").hasPositiveValue();
  }

  /** As {@link #assertClean}, for nodes that serve nobody yet. */
  public void assertHeld() {
    assertThat(violations).isEmpty();
    assertThat(refused).as("kinds of requests refused while the data was not there").isNotEmpty();
    nodes.forEach(this::oneWarningACause);
  }

  /** How many requests were answered with the restored data. */
  public int answered() {
    return answered.get();
  }

  /** Each kind of data request has been refused at least once. */
  public boolean everyRequestRefused() {
    return refused.size() == ALL.size();
  }

  /** States of the restore that {@code /actuator/restore} has told, of any node. */
  public Set<String> states() {
    return Set.copyOf(states);
  }

  /** The same warning twice in a row is one an attempt; another cause in between makes it news. */
  private void oneWarningACause(LiferaftProcess node) {
    List<String> causes = new ArrayList<>();
    warnings(node.logText().substring(logStarts.getOrDefault(node, 0)))
        .forEach(line -> {
          String cause = line.replaceAll("\\d+", "#");
          assertThat(causes.isEmpty() ? "" : causes.getLast())
              .as("a warning of %s and the one before", node.id())
              .isNotEqualTo(cause);
          causes.add(cause);
        });
  }

  /** What Liferaft itself has warned of in a log, without time and thread. */
  public static List<String> warnings(String log) {
    return WARNING.matcher(log).results().map(found -> found.group(1)).toList();
  }

  @Override
  public void close() {
    pollers.close();
  }

  private final class Poll {

    private final LiferaftProcess node;
    private final RqliteClient client;
    private boolean listens;
    private int start;
    private int turn;

    Poll(LiferaftProcess node) {
      this.node = node;
      this.client = node.client();
    }

    void run() {
      try {
        live();
        if (listens && node.alive()) {
          data();
          probesAgree();
          visible();
        }
      } catch (RuntimeException e) {
        violation(e.toString());
      }
    }

    private void violation(String what) {
      violations.add(node.id() + ": " + what);
    }

    private void live() {
      if (start != node.starts()) {
        start = node.starts();
        listens = false;
      }
      Answer live = client.get("/actuator/health/liveness");
      if (live.status() == 0) {
        if (listens && node.alive() && start == node.starts()) {
          violation("listens no more: " + live.body());
        }
      } else {
        listens = true;
        if (live.status() != 200) {
          violation("not live: " + live.status() + " " + live.body());
        }
      }
    }

    private void data() {
      int before = client.get("/readyz").status();
      List<Ask> asks = before == 200 ? WHEN_READY : ALL;
      Ask ask = asks.get(turn++ % asks.size());
      Answer answer = send(ask);
      int after = client.get("/readyz").status();
      switch (answer.status()) {
        case 0 -> {}
        case 503 -> {
          refused.add(ask);
          if (answer.headers().firstValue("Retry-After").isEmpty()) {
            violation("no Retry-After for " + ask + ": " + answer.body());
          }
        }
        case 200 -> {
          answered.incrementAndGet();
          if (!expected(ask).test(answer.body())) {
            violation(ask + " before the restore: " + answer.body());
          }
          if (before == 503 && after == 503 && !mayReadHere(ask)) {
            String now = client.get("/actuator/health/readiness").body();
            violation(ask + " served and not ready: " + answer.body() + " " + now);
          }
        }
        default -> violation(ask + ": " + answer.status() + " " + answer.body());
      }
    }

    private Answer send(Ask ask) {
      return switch (ask) {
        case QUERY -> client.post("/db/query?level=none", "[\"" + select + "\"]");
        case EXECUTE -> client.post("/db/execute", "[\"" + write + "\"]");
        case REQUEST -> client.post("/db/request", "[\"" + select + "\"]");
        case BACKUP -> client.get("/db/backup");
        case LOAD -> client.sendText("/db/load", write);
      };
    }

    private Predicate<String> expected(Ask ask) {
      return switch (ask) {
        case QUERY, REQUEST -> body -> body.contains(restored);
        case EXECUTE, LOAD -> body -> body.contains(failure);
        case BACKUP -> body -> body.startsWith("SQLite format 3");
      };
    }

    /** A node with data that has only lost its leader may answer what is asked of it alone. */
    private boolean mayReadHere(Ask ask) {
      return ask == Ask.QUERY
          && client
              .get("/actuator/health")
              .json()
              .path("components")
              .path("restore")
              .path("status")
              .asString("")
              .equals("UP");
    }

    /** A change between two requests is no disagreement; one that stays is. */
    private void probesAgree() {
      String seen = "";
      for (int read = 0; read < READS; read++) {
        int ready = client.get("/readyz").status();
        int group = client.get("/actuator/health/readiness").status();
        if (ready == group || ready == 0 || group == 0) {
          return;
        }
        seen += " " + ready + "/" + group;
      }
      violation("/readyz and readiness disagree:" + seen);
    }

    private void visible() {
      boolean before = client.ready();
      Answer restore = client.get("/actuator/restore");
      Answer backup = client.get("/actuator/backup");
      boolean after = client.ready();
      if (restore.status() == 0 || backup.status() == 0) {
        return;
      }
      String state = restore.status() == 200 ? restore.json().path("state").asString("") : "";
      if (!RESTORE_STATES.contains(state)) {
        violation("/actuator/restore: " + restore.status() + " " + restore.body());
      }
      states.add(state);
      if (before && after && !state.equals("done")) {
        violation("ready while the restore is " + restore.body());
      }
      if (state.equals("failed") && !restore.json().path("lastFailure").isString()) {
        violation("failed without a reason: " + restore.body());
      }
      if (backup.status() != 200 || !backup.json().path("state").isString()) {
        violation("/actuator/backup: " + backup.status() + " " + backup.body());
      }
    }
  }
}
