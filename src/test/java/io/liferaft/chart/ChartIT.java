package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.kubernetes.client.openapi.models.V1Pod;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.S3Server;
import io.liferaft.support.Waiting;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The pods of a release without Kubernetes: the image's files, started with the arguments and the
 * environment that the chart renders. A hosts file stands for the cluster's DNS, an address of the
 * loopback network for each pod's own, a folder for each volume.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ChartIT")
class ChartIT {

  private static final String VALUES = "minio";
  private static final Pattern URL = Pattern.compile("http://([a-z0-9.-]+):4001(/[^' ]*)");

  private final Release release = Release.of(VALUES);
  private final int replicas = release.nodes().getSpec().getReplicas();

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs all of 127.0.0.0/8")
  void theProgramAcceptsWhatTheChartSays(@TempDir Path folder) throws Exception {
    UnpackedImage image = UnpackedImage.into(folder.resolve("image"));
    Path hosts = Files.writeString(folder.resolve("hosts"), hosts());
    List<Process> pods = new ArrayList<>();
    try (S3Server store = S3Server.start("backups")) {
      for (int i = 0; i < replicas; i++) {
        Path volume = Files.createDirectory(folder.resolve("volume-" + i));
        pods.add(
            image.start(
                arguments(i, volume, store.endpoint()),
                environment(i, hosts, store),
                folder.resolve("log-" + i)));
      }

      awaitReady(pods, folder);
      client(1).execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (7)");
      assertThat(client(2).query("strong", "SELECT id FROM t")).isEqualTo("[[7]]");
      Waiting.await("a backup").until(() -> store.count("PUT", "a folder/liferaft.sqlite") > 0);

      probesAnswer();
      alertsAskForWhatIsThere();
      theHelmTestWouldPass();

      aLostQuorumIsSeen(pods);

      pods.getLast().destroy();
      assertThat(
              pods.getLast()
                  .waitFor(release.pod().getTerminationGracePeriodSeconds(), TimeUnit.SECONDS))
          .isTrue();
    } finally {
      for (Process pod : pods) {
        pod.destroyForcibly().waitFor();
      }
    }
  }

  private static String address(int ordinal) {
    return "127.0.71." + (ordinal + 1);
  }

  private static RqliteClient client(int ordinal) {
    return new RqliteClient(address(ordinal) + ":4001");
  }

  private String hosts() throws Exception {
    StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n");
    hosts.append("127.0.0.1 ").append(InetAddress.getLocalHost().getHostName()).append('\n');
    for (int i = 0; i < replicas; i++) {
      String own = release.argument(i, "liferaft.raft.advertised-address");
      hosts.append(address(i)).append(' ').append(own.replace(":4002", "")).append('\n');
    }
    return hosts.toString();
  }

  /** The pod's, but for what is its own: network, volume, and the store's address. */
  private List<String> arguments(int ordinal, Path volume, URI store) {
    return release.arguments(ordinal).stream()
        .map(argument -> argument.replace("=0.0.0.0", "=" + address(ordinal)))
        .map(argument -> argument.replace("/var/lib/liferaft", volume.toString()))
        .map(argument -> argument.replace("http://minio.minio.svc:9000", store.toString()))
        .toList();
  }

  private Map<String, String> environment(int ordinal, Path hosts, S3Server store) {
    Map<String, String> environment = new TreeMap<>();
    release
        .container()
        .getEnv()
        .forEach(variable -> {
          switch (variable.getName()) {
            case "POD_NAME" ->
                environment.put(
                    "POD_NAME", release.nodes().getMetadata().getName() + "-" + ordinal);
            case "AWS_ACCESS_KEY_ID" -> environment.put(variable.getName(), store.accessKey());
            case "AWS_SECRET_ACCESS_KEY" -> environment.put(variable.getName(), store.secretKey());
            case "AWS_SESSION_TOKEN" -> {} // the test's store has none
            default -> environment.put(variable.getName(), variable.getValue());
          }
        });
    environment.merge(
        "LIFERAFT_JAVA_OPTS",
        " -Djdk.net.hosts.file=" + hosts + " -Xmx256m -XX:TieredStopAtLevel=1",
        String::concat);
    return environment;
  }

  private void awaitReady(List<Process> pods, Path folder) {
    for (int i = 0; i < replicas; i++) {
      int ordinal = i;
      Waiting.await("pod " + i + " is ready")
          .failFast(() -> {
            if (!pods.get(ordinal).isAlive()) {
              throw new IllegalStateException(Files.readString(folder.resolve("log-" + ordinal)));
            }
          })
          .until(() -> client(ordinal).ready());
    }
  }

  private void probesAnswer() {
    var container = release.container();
    for (var probe :
        List.of(
            container.getStartupProbe(),
            container.getLivenessProbe(),
            container.getReadinessProbe())) {
      RqliteClient.Answer answer = client(0).get(probe.getHttpGet().getPath());
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }
  }

  private void alertsAskForWhatIsThere() {
    String page = client(0).get("/actuator/prometheus").body();

    assertThat(ChartMonitoringTests.metrics())
        .hasSizeGreaterThan(8)
        .allSatisfy(metric -> assertThat(page).containsPattern("(?m)^" + metric + "[{ ]"));
    assertThat(ChartMonitoringTests.tags())
        .hasSizeGreaterThan(3)
        .allSatisfy(tag -> assertThat(page).contains("{" + tag + "}"));
  }

  /**
   * What the alerts on the leader and the quorum rest upon, and that no probe kills the survivor.
   */
  private void aLostQuorumIsSeen(List<Process> pods) {
    RqliteClient survivor = client(replicas - 1);
    assertThat(survivor.metric("liferaft_raft_leader_known")).isOne();

    pods.subList(0, replicas - 1).forEach(Process::destroyForcibly);

    Waiting.await("the survivor knows no leader")
        .until(() -> survivor.metric("liferaft_raft_leader_known") == 0);
    Waiting.await("the survivor is not ready")
        .until(() ->
            survivor.get(release.container().getReadinessProbe().getHttpGet().getPath()).status()
                == 503);
    assertThat(survivor.live()).isTrue();
  }

  private void theHelmTestWouldPass() throws Exception {
    V1Pod pod = Release.helmTest(VALUES);
    String script = pod.getSpec().getContainers().getFirst().getCommand().getLast();
    List<String> paths =
        URL.matcher(script).results().map(match -> match.group(2)).distinct().toList();
    assertThat(paths).hasSize(2);

    for (String path : paths) {
      RqliteClient.Answer answer = client(1).get(path);
      assertThat(answer.status()).as(path + ": " + answer.body()).isEqualTo(200);
    }
    assertThat(client(1).get(paths.getLast()).body()).contains("[[42]]");
  }
}
