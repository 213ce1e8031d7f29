package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Dump;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Node processes of one cluster, and what a test asks of them. Closing kills them. */
final class NodeCluster implements AutoCloseable {

  private final List<LiferaftProcess> nodes;

  /** Nodes n1, n2 … of one cluster that share these settings; not started. */
  NodeCluster(Path folder, int size, List<String> settings) {
    nodes = LiferaftProcess.cluster(folder, size);
    settings.forEach(this::with);
  }

  /** A setting of every node, as key=value, from the next start. */
  NodeCluster with(String setting) {
    int equals = setting.indexOf('=');
    nodes.forEach(node -> node.with(setting.substring(0, equals), setting.substring(equals + 1)));
    return this;
  }

  /** With the JVM options, heap and compilers that ship, from the next start. */
  NodeCluster shipped() {
    nodes.forEach(LiferaftProcess::withShippedOptions);
    return this;
  }

  List<LiferaftProcess> nodes() {
    return nodes;
  }

  /** As {@code bench --pid} takes them. */
  String pids() {
    return nodes.stream().map(node -> String.valueOf(node.pid())).collect(Collectors.joining(","));
  }

  LiferaftProcess node(int index) {
    return nodes.get(index);
  }

  NodeCluster start() {
    nodes.forEach(LiferaftProcess::start);
    return this;
  }

  NodeCluster startAndAwaitReady() {
    start().awaitReady();
    return this;
  }

  /** SIGKILL for all. */
  void kill() {
    nodes.forEach(LiferaftProcess::kill);
  }

  void wipe() {
    nodes.forEach(LiferaftProcess::wipe);
  }

  void awaitReady() {
    nodes.forEach(NodeCluster::awaitReady);
  }

  static void awaitReady(LiferaftProcess node) {
    Waiting.await(node.id() + " is ready")
        .failFast(node.id() + " has ended", () -> !node.alive())
        .until(() -> node.client().ready());
  }

  /** Until it has applied all that the leader's log holds. */
  static void awaitCaughtUp(LiferaftProcess node) {
    Waiting.await(node.id() + " has caught up")
        .failFast(node.id() + " has ended", () -> !node.alive())
        .untilAsserted(() -> {
          RqliteClient.Answer answer = node.client().get("/readyz?sync");
          assertThat(answer.status())
              .as(() -> answer.body() + node.client().get("/status").body())
              .isEqualTo(200);
        });
  }

  /** The one that leads and can back up. */
  LiferaftProcess awaitLeader() {
    return Waiting.await("a leader")
        .until(() -> LiferaftProcess.leaders(nodes).toList(), leaders -> leaders.size() == 1)
        .getFirst();
  }

  void transferLeadership(LiferaftProcess to) {
    RqliteClient.Answer answer =
        awaitLeader().client().post("/leader?wait", "{\"id\": \"" + to.id() + "\"}");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    Waiting.await(to.id() + " leads").until(() -> awaitLeader() == to);
  }

  /** Until the leader's backup holds every change applied so far. */
  void awaitBackup() {
    Waiting.await("a backup of all changes")
        .until(() ->
            LiferaftProcess.leaders(nodes)
                .map(LiferaftProcess::client)
                .anyMatch(leader ->
                    leader.metric("liferaft_backup_change_lag") == 0
                        && leader.metric("liferaft_backup_age_seconds") >= 0));
  }

  /** Until the leader has passed so many backup rounds without anything to do. */
  void awaitIdleRounds(int rounds) {
    RqliteClient leader = awaitLeader().client();
    double before = skipped(leader);
    Waiting.await(rounds + " idle backup rounds").until(() -> skipped(leader) >= before + rounds);
  }

  private static double skipped(RqliteClient leader) {
    return leader.metric("liferaft_backup_results_total{result=\"skipped\"}");
  }

  /**
   * Everything each node holds, which must become the same on all; given back as one hash. The node
   * that is asked for a write may be the last to apply it, so none is the measure for the others.
   */
  String dump() {
    List<String> dumps = new ArrayList<>();
    Waiting.await("every node holds the same")
        .untilAsserted(() -> {
          dumps.clear();
          nodes.forEach(node -> dumps.add(Dump.sha256(node.client())));
          assertThat(dumps).containsOnly(dumps.getFirst());
        });
    return dumps.getFirst();
  }

  @Override
  public void close() {
    nodes.forEach(LiferaftProcess::close);
  }
}
