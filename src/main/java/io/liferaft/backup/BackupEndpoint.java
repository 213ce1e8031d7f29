package io.liferaft.backup;

import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;

/**
 * {@code /actuator/backup}: how it stands; POST makes a backup now. {@code
 * /actuator/backup/preflight}: what came of trying the store, on this node; POST tries now.
 */
@Endpoint(id = "backup")
final class BackupEndpoint {

  private static final int ACCEPTED = 202;
  private static final String PREFLIGHT = "preflight";

  /** A try takes as long as a store that does not answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final BackupScheduler scheduler;
  private final SecondTarget second;
  private final RaftNode node;
  private final Duration patience;
  private final BackupPreflight preflight;

  /**
   * @param patience how long a POST waits for the end of the backup
   */
  BackupEndpoint(
      BackupScheduler scheduler,
      SecondTarget second,
      RaftNode node,
      Duration patience,
      BackupPreflight preflight) {
    this.scheduler = scheduler;
    this.second = second;
    this.node = node;
    this.patience = patience;
    this.preflight = preflight;
  }

  @ReadOperation
  Map<String, Object> backup() {
    BackupStatus status = scheduler.status();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("state", status.state());
    put(answer, "target", status.target());
    answer.put("intervalSeconds", status.interval().toMillis() / 1000.0);
    put(answer, "last", status.lastTime());
    put(answer, "lastDurationMillis", millis(status));
    answer.put("lastChangeIndex", status.lastChangeIndex());
    put(answer, "next", status.next());
    put(answer, "problem", status.problem());
    answer.put("failuresInARow", scheduler.failures());
    Map<String, Long> results = new LinkedHashMap<>();
    for (Result result : Result.values()) {
      results.put(result.tag(), scheduler.count(result));
    }
    answer.put("results", results);
    if (second.scheduler() != null) {
      answer.put("second", second(second.scheduler()));
    }
    return answer;
  }

  private static Map<String, Object> second(BackupScheduler of) {
    BackupStatus status = of.status();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("state", status.state());
    put(answer, "target", status.target());
    put(answer, "last", status.lastTime());
    answer.put("lastChangeIndex", status.lastChangeIndex());
    put(answer, "problem", status.problem());
    answer.put("failuresInARow", of.failures());
    return answer;
  }

  /**
   * Makes a backup now if one is due, also after uploads were stopped, and answers when it is over:
   * 200 with what it came to, 409 when it may not be made here, 503 when it failed; 202 when it
   * takes longer. One to the second target is made at the same time; what it comes to is told, and
   * does not change the status.
   */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> backUpNow() {
    Map<String, Object> answer = new LinkedHashMap<>();
    if (scheduler.off()) {
      answer.put("result", Result.SKIPPED.tag());
      answer.put("detail", "Backup is off: set liferaft.backup.target");
      return EndpointProblem.of(HttpStatus.CONFLICT, answer);
    }
    NodeStatus status = node.status();
    if (!status.leads()) {
      return EndpointProblem.of(HttpStatus.CONFLICT, notLeader(answer, status.leader()));
    }
    FutureTask<BackupOutcome> round = begin(scheduler);
    FutureTask<BackupOutcome> other = second.scheduler() == null ? null : begin(second.scheduler());
    long deadline = System.nanoTime() + patience.toNanos();
    BackupOutcome outcome = outcome(round, deadline);
    tell(answer, outcome);
    if (other != null) {
      Map<String, Object> told = new LinkedHashMap<>();
      tell(told, outcome(other, deadline));
      answer.put("second", told);
    }
    if (outcome == null) {
      return new WebEndpointResponse<>(answer, ACCEPTED);
    }
    return switch (outcome.result()) {
      case OK, RECORDED, SKIPPED -> new WebEndpointResponse<>(answer);
      case REFUSED, STOPPED -> EndpointProblem.of(HttpStatus.CONFLICT, answer);
      case FAILED -> EndpointProblem.of(HttpStatus.SERVICE_UNAVAILABLE, answer);
    };
  }

  /** Null, which is 404, for any other part than {@code preflight}. */
  @ReadOperation
  @Nullable Map<String, Object> part(@Selector String part) {
    return part.equals(PREFLIGHT) ? findings(preflight.last()) : null;
  }

  /**
   * Tries the store now, on any node, and answers when that is over: 200 with what was found, also
   * when that is a problem. Waits for a try that is under way, half a minute at most: 409 after
   * that, or when backup is off.
   */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> tryPart(@Selector String part) {
    if (!part.equals(PREFLIGHT)) {
      return EndpointProblem.of(
          HttpStatus.NOT_FOUND, Map.of("detail", "There is only preflight here"));
    }
    return preflight
        .tryNow(PATIENCE)
        .map(report -> new WebEndpointResponse<>(findings(report)))
        .orElseGet(() ->
            EndpointProblem.of(
                HttpStatus.CONFLICT,
                Map.of(
                    "detail",
                    scheduler.off()
                        ? "Backup is off: set liferaft.backup.target"
                        : "A preflight is under way on this node")));
  }

  private Map<String, Object> findings(BackupPreflight.@Nullable Report report) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("target", preflight.target());
    if (report != null) {
      answer.put("time", report.time());
      answer.put("problems", report.problems());
      answer.put("findings", report.findings().stream().map(BackupEndpoint::row).toList());
    }
    return answer;
  }

  private static Map<String, String> row(PreflightFinding finding) {
    Map<String, String> row = new LinkedHashMap<>();
    row.put("check", finding.check());
    row.put("result", finding.result().tag());
    row.put("detail", finding.detail());
    if (!finding.advice().isEmpty()) {
      row.put("advice", finding.advice());
    }
    return row;
  }

  private static FutureTask<BackupOutcome> begin(BackupScheduler of) {
    FutureTask<BackupOutcome> round = new FutureTask<>(of::backUpNow);
    Thread _ = Thread.ofPlatform().name("liferaft-backup-now").daemon().start(round);
    return round;
  }

  private static void tell(Map<String, Object> answer, @Nullable BackupOutcome outcome) {
    answer.put("result", outcome == null ? "running" : outcome.result().tag());
    answer.put(
        "detail",
        outcome == null
            ? "The backup is under way: GET this address to see how it ends"
            : outcome.detail());
  }

  /**
   * A big database takes longer than a client waits: null then, and the backup goes on.
   *
   * @param deadline on the clock of {@link System#nanoTime}
   */
  private static @Nullable BackupOutcome outcome(FutureTask<BackupOutcome> round, long deadline) {
    try {
      return round.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException e) {
      throw new IllegalStateException("the backup round broke off", e);
    }
  }

  private static Map<String, Object> notLeader(
      Map<String, Object> answer, NodeStatus.@Nullable Member leader) {
    answer.put("result", Result.SKIPPED.tag());
    if (leader == null) {
      answer.put("detail", "Only the leader makes backups, and none is known now");
    } else {
      answer.put("detail", "Only the leader makes backups: ask " + leader.id());
      answer.put("leader", leader.id());
      answer.put("leaderHttpAddress", leader.httpAddress());
    }
    return answer;
  }

  private static @Nullable Long millis(BackupStatus status) {
    return status.lastDuration() == null ? null : status.lastDuration().toMillis();
  }

  private static void put(Map<String, Object> answer, String key, @Nullable Object value) {
    if (value != null) {
      answer.put(key, value);
    }
  }
}
