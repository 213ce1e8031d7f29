package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.gson.JsonObject;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.kubernetes.client.custom.IntOrString;
import io.kubernetes.client.openapi.models.V1Affinity;
import io.kubernetes.client.openapi.models.V1EnvVar;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1NetworkPolicyIngressRule;
import io.kubernetes.client.openapi.models.V1PersistentVolumeClaim;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1Probe;
import io.kubernetes.client.openapi.models.V1SecurityContext;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1ServiceAccount;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the chart asks of Kubernetes, value set by value set. */
class ChartTests {

  private static final Set<String> CUSTOM =
      Set.of("monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PrometheusRule");

  static Stream<String> valueSets() {
    String[] files = Path.of("src/test/resources/chart").toFile().list();
    assertThat(files).hasSizeGreaterThanOrEqualTo(8);
    return Stream.of(files).sorted().map(file -> file.replace(".yaml", ""));
  }

  @Test
  void helmFindsNothingToComplainOf() {
    LintResult result = new Helm(Release.CHART).lint().strict().call();

    assertThat(result.isFailed()).as(String.join("\n", result.getMessages())).isFalse();
    assertThat(result.getMessages())
        .noneMatch(message -> message.contains("[WARNING]") || message.contains("[ERROR]"));
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void kubernetesKnowsEveryField(String values) {
    Release release = Release.of(values);

    assertThat(release.resources()).hasSizeGreaterThanOrEqualTo(3);
    for (JsonObject resource : release.resources()) {
      if (!CUSTOM.contains(Release.kind(resource))) {
        assertThat(Release.parse(resource)).isNotNull();
      }
      JsonObject metadata = resource.getAsJsonObject("metadata");
      assertThat(metadata.get("namespace").getAsString()).isEqualTo(Release.NAMESPACE);
      assertThat(metadata.get("name").getAsString()).hasSizeLessThan(53);
    }
  }

  @Test
  void aFieldThatKubernetesDoesNotHaveIsNoticed() {
    JsonObject service = Release.of("single").custom("Service");
    service.getAsJsonObject("spec").addProperty("publishNotReadyAdresses", true);

    assertThatThrownBy(() -> Release.parse(service))
        .hasMessageContaining("publishNotReadyAdresses");
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void everyOrdinalIsAMemberAndEachKnowsItself(String values) {
    Release release = Release.of(values);
    String name = release.nodes().getMetadata().getName();
    int replicas = release.nodes().getSpec().getReplicas();
    String headless = release.nodes().getSpec().getServiceName();

    for (int i = 0; i < replicas; i++) {
      String[] members = release.argument(i, "liferaft.raft.initial-cluster").split(",");
      String host = name + "-" + i + "." + headless + "." + Release.NAMESPACE + ".svc";
      assertThat(members).hasSize(replicas);
      assertThat(members[i]).isEqualTo(name + "-" + i + "=" + host + ":4002");
      assertThat(release.argument(i, "liferaft.node.id")).isEqualTo(name + "-" + i);
      assertThat(release.argument(i, "liferaft.raft.advertised-address")).isEqualTo(host + ":4002");
      assertThat(release.argument(i, "liferaft.node.advertised-http-address"))
          .isEqualTo(host + ":4001");
    }
    V1Service service = release.service(headless);
    assertThat(service.getSpec().getClusterIP()).isEqualTo("None");
    assertThat(service.getSpec().getPublishNotReadyAddresses()).isTrue();
    assertThat(service.getSpec().getPorts()).extracting("port").containsExactly(4001, 4002);
    assertThat(release.nodes().getSpec().getPodManagementPolicy()).isEqualTo("Parallel");
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void servicesSelectTheNodes(String values) {
    Release release = Release.of(values);
    V1StatefulSet nodes = release.nodes();
    var labels = nodes.getSpec().getTemplate().getMetadata().getLabels();

    assertThat(labels).containsAllEntriesOf(nodes.getSpec().getSelector().getMatchLabels());
    for (V1Service service : release.all(V1Service.class)) {
      assertThat(labels).containsAllEntriesOf(service.getSpec().getSelector());
    }
    V1Service client = release.service(nodes.getMetadata().getName());
    assertThat(client.getSpec().getPublishNotReadyAddresses()).isNull();
    assertThat(client.getSpec().getPorts()).extracting("port").containsExactly(4001);
    assertThat(release.pod().getEnableServiceLinks()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void probesAskTheActuatorAndNoneThatKillsWaitsForData(String values) {
    var container = Release.of(values).container();

    probe(container.getStartupProbe(), "/actuator/health/liveness");
    probe(container.getLivenessProbe(), "/actuator/health/liveness");
    probe(container.getReadinessProbe(), "/actuator/health/readiness");
    assertThat(
            container.getStartupProbe().getPeriodSeconds()
                * container.getStartupProbe().getFailureThreshold())
        .isGreaterThanOrEqualTo(300);
  }

  private static void probe(V1Probe probe, String path) {
    assertThat(probe.getHttpGet().getPath()).isEqualTo(path);
    assertThat(probe.getHttpGet().getPort()).isEqualTo(new IntOrString("http"));
    assertThat(probe.getTimeoutSeconds()).isGreaterThanOrEqualTo(3);
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void podsAreRestrictedAndWriteOnlyToVolumes(String values) {
    Release release = Release.of(values);
    V1PodSpec pod = release.pod();

    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
    assertThat(pod.getSecurityContext().getFsGroup()).isPositive();
    assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    V1SecurityContext container = release.container().getSecurityContext();
    assertThat(container.getAllowPrivilegeEscalation()).isFalse();
    assertThat(container.getReadOnlyRootFilesystem()).isTrue();
    assertThat(container.getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(release.container().getVolumeMounts())
        .filteredOn(mount -> !Boolean.TRUE.equals(mount.getReadOnly()))
        .extracting("mountPath")
        .contains("/var/lib/liferaft", "/tmp");
    assertThat(release.argument(0, "liferaft.node.data-dir")).startsWith("/var/lib/liferaft/");
  }

  @ParameterizedTest
  @CsvSource({"three, 1", "five-with-secret, 2"})
  void theDisruptionBudgetLeavesAQuorum(String values, int maxUnavailable) {
    Release release = Release.of(values);
    var budget = release.one(V1PodDisruptionBudget.class).getSpec();

    assertThat(budget.getMaxUnavailable()).isEqualTo(new IntOrString(maxUnavailable));
    assertThat(budget.getSelector()).isEqualTo(release.nodes().getSpec().getSelector());
  }

  @ParameterizedTest
  @CsvSource({"single", "bare"})
  void noDisruptionBudget(String values) {
    assertThat(Release.of(values).all(V1PodDisruptionBudget.class)).isEmpty();
  }

  @Test
  void onlyNodesReachTheRaftPort() {
    Release release = Release.of("monitored");
    V1NetworkPolicy policy = release.one(V1NetworkPolicy.class);
    var selector = release.nodes().getSpec().getSelector();

    assertThat(policy.getSpec().getPodSelector()).isEqualTo(selector);
    assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress");
    V1NetworkPolicyIngressRule raft = rule(policy, "raft");
    assertThat(raft.getFrom())
        .singleElement()
        .satisfies(from -> {
          assertThat(from.getPodSelector()).isEqualTo(selector);
          assertThat(from.getNamespaceSelector()).isNull();
        });
    assertThat(rule(policy, "http").getFrom())
        .hasSize(3)
        .last()
        .satisfies(from ->
            assertThat(from.getNamespaceSelector().getMatchLabels())
                .containsEntry("kubernetes.io/metadata.name", "monitoring"));
    assertThat(Release.of("bare").all(V1NetworkPolicy.class)).isEmpty();
  }

  /** The one rule that names the port; a rule without ports, or without peers, would be for all. */
  private static V1NetworkPolicyIngressRule rule(V1NetworkPolicy policy, String port) {
    List<V1NetworkPolicyIngressRule> rules = policy.getSpec().getIngress();
    assertThat(rules)
        .allSatisfy(rule -> {
          assertThat(rule.getPorts()).hasSize(1);
          assertThat(rule.getFrom()).isNotEmpty();
        });
    List<V1NetworkPolicyIngressRule> found =
        rules.stream()
            .filter(rule -> rule.getPorts().getFirst().getPort().equals(new IntOrString(port)))
            .toList();
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  @Test
  void nodesAreSpread() {
    V1Affinity soft = Release.of("three").pod().getAffinity();
    assertThat(soft.getPodAntiAffinity().getPreferredDuringSchedulingIgnoredDuringExecution())
        .singleElement()
        .satisfies(term ->
            assertThat(term.getPodAffinityTerm().getTopologyKey())
                .isEqualTo("kubernetes.io/hostname"));
    V1PodSpec placed = Release.of("placed").pod();
    assertThat(
            placed
                .getAffinity()
                .getPodAntiAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution())
        .hasSize(1);
    assertThat(placed.getTopologySpreadConstraints())
        .singleElement()
        .satisfies(spread -> {
          assertThat(spread.getTopologyKey()).isEqualTo("topology.kubernetes.io/zone");
          assertThat(spread.getWhenUnsatisfiable()).isEqualTo("DoNotSchedule");
        });
    assertThat(placed.getNodeSelector()).containsEntry("disk", "ssd");
    assertThat(placed.getTolerations()).hasSize(1);
    V1PodSpec bare = Release.of("bare").pod();
    assertThat(bare.getAffinity()).isNull();
    assertThat(bare.getTopologySpreadConstraints()).isEmpty();
  }

  @Test
  void credentialsComeFromASecretOrTheServiceAccount() {
    Release secret = Release.of("five-with-secret");
    assertThat(secret.container().getEnv())
        .filteredOn(variable -> variable.getName().startsWith("AWS_"))
        .extracting(V1EnvVar::getName, variable -> secretKey(variable))
        .containsExactly(
            tuple("AWS_ACCESS_KEY_ID", "backup-keys/id"),
            tuple("AWS_SECRET_ACCESS_KEY", "backup-keys/key"));

    Release account = Release.of("service-account");
    assertThat(account.container().getEnv())
        .noneMatch(variable -> variable.getName().startsWith("AWS_"));
    V1ServiceAccount made = account.one(V1ServiceAccount.class);
    assertThat(made.getMetadata().getAnnotations()).containsKey("eks.amazonaws.com/role-arn");
    assertThat(account.pod().getServiceAccountName()).isEqualTo(made.getMetadata().getName());
    assertThat(account.nodes().getSpec().getTemplate().getMetadata().getLabels())
        .containsEntry("azure.workload.identity/use", "true");

    assertThat(Release.of("minio").container().getEnv())
        .extracting(V1EnvVar::getName)
        .contains("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN");
  }

  @Test
  void theSecondTargetMayBeElsewhere() {
    Release release = Release.of("second-target");

    assertThat(release.container().getEnv())
        .filteredOn(variable -> variable.getName().contains("KEY"))
        .extracting(V1EnvVar::getName, variable -> secretKey(variable))
        .containsExactly(
            tuple("AWS_ACCESS_KEY_ID", "backup-keys/access-key-id"),
            tuple("AWS_SECRET_ACCESS_KEY", "backup-keys/secret-access-key"),
            tuple("LIFERAFT_OBJECTSTORE_SECONDS3_ACCESSKEY", "elsewhere-keys/id"),
            tuple("LIFERAFT_OBJECTSTORE_SECONDS3_SECRETKEY", "elsewhere-keys/secret-access-key"));
    assertThat(release.argument(0, "liferaft.backup.second-target"))
        .isEqualTo("s3://elsewhere/db/");
    assertThat(release.argument(0, "liferaft.objectstore.second-s3.region")).isEqualTo("auto");
    assertThat(release.argument(0, "liferaft.objectstore.second-s3.endpoint"))
        .isEqualTo("https://account.r2.example.org");
    assertThat(release.argument(0, "liferaft.objectstore.second-s3.path-style-access-enabled"))
        .isEqualTo("true");
    assertThat(release.argument(0, "liferaft.backup.retention.hourly")).isEqualTo("12");
    assertThat(Release.of("three").container().getEnv())
        .noneMatch(variable -> variable.getName().contains("SECONDS3"));
  }

  private static String secretKey(V1EnvVar variable) {
    var reference = variable.getValueFrom().getSecretKeyRef();
    return reference.getName() + "/" + reference.getKey();
  }

  @Test
  void disksOutliveTheirPodsUnlessAskedOtherwise() {
    var kept = Release.of("three").nodes().getSpec();
    assertThat(kept.getPersistentVolumeClaimRetentionPolicy().getWhenDeleted()).isEqualTo("Retain");
    assertThat(kept.getPersistentVolumeClaimRetentionPolicy().getWhenScaled()).isEqualTo("Retain");

    var placed = Release.of("placed").nodes().getSpec();
    V1PersistentVolumeClaim claim = placed.getVolumeClaimTemplates().getFirst();
    assertThat(claim.getMetadata().getName()).isEqualTo("data");
    assertThat(claim.getSpec().getStorageClassName()).isEqualTo("fast");
    assertThat(claim.getSpec().getResources().getRequests().get("storage").toSuffixedString())
        .isEqualTo("100Gi");
    assertThat(placed.getPersistentVolumeClaimRetentionPolicy().getWhenDeleted())
        .isEqualTo("Delete");

    Release ephemeral = Release.of("ephemeral");
    assertThat(ephemeral.nodes().getSpec().getVolumeClaimTemplates()).isEmpty();
    assertThat(ephemeral.pod().getVolumes())
        .filteredOn(volume -> volume.getName().equals("data"))
        .singleElement()
        .satisfies(volume -> assertThat(volume.getEmptyDir()).isNotNull());

    assertThat(Release.of("shared-claim").pod().getVolumes())
        .filteredOn(volume -> volume.getName().equals("backups"))
        .singleElement()
        .satisfies(volume ->
            assertThat(volume.getPersistentVolumeClaim().getClaimName()).isEqualTo("backups"));
  }

  /** Requests may take 60 s of a stop (spring.lifecycle.timeout-per-shutdown-phase). */
  @ParameterizedTest
  @CsvSource({"three, 20", "five-with-secret, 90"})
  void theGracePeriodCoversTheLastBackup(String values, int onStopSeconds) {
    Release release = Release.of(values);

    assertThat(release.argument(0, "liferaft.backup.on-stop-timeout"))
        .isEqualTo(onStopSeconds + "s");
    assertThat(release.pod().getTerminationGracePeriodSeconds())
        .isGreaterThanOrEqualTo(60 + onStopSeconds + 15);
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void theHeapLeavesRoomForTheRest(String values) {
    Release release = Release.of(values);
    long limit =
        release.container().getResources().getLimits().get("memory").getNumber().longValue();
    String options = release.variable("LIFERAFT_JAVA_OPTS");
    long percent = Long.parseLong(options.replaceAll(".*MaxRAMPercentage=(\\d+).*", "$1"));

    assertThat(limit * (100 - percent) / 100).isGreaterThanOrEqualTo(384L << 20);
    assertThat(options.split(" ")).allMatch(option -> option.startsWith("-"));
  }

  @Test
  void theImageIsTheProgramsVersionOrTheOneNamed() throws Exception {
    String pom = java.nio.file.Files.readString(Path.of("pom.xml"));
    String version =
        pom.replaceFirst("(?s).*?<artifactId>liferaft</artifactId>\\s*<version>([^<]+)<.*", "$1");

    assertThat(Release.of("three").container().getImage()).isEqualTo("liferaft:" + version);
    assertThat(Release.of("five-with-secret").container().getImage())
        .isEqualTo("registry.example.org/liferaft:1.2");
  }
}
