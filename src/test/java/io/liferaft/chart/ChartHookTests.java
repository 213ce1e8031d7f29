package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.marcnuri.helm.Helm;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1Pod;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What Helm does beside the resources: {@code helm test} and the notes. */
class ChartHookTests {

  @Test
  void theTestIsAHookAndNoNode() throws Exception {
    Release release = Release.of("five-with-secret");
    V1Pod pod = Release.helmTest("five-with-secret");

    assertThat(Files.readString(Release.CHART.resolve("templates/tests/answers.yaml")))
        .contains("helm.sh/hook: test\n");
    assertThat(release.nodes().getSpec().getSelector().getMatchLabels())
        .containsEntry("app.kubernetes.io/component", "node");
    assertThat(pod.getMetadata().getLabels()).containsEntry("app.kubernetes.io/component", "test");
    var container = pod.getSpec().getContainers().getFirst();
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(pod.getSpec().getRestartPolicy()).isEqualTo("Never");
    assertThat(container.getCommand().getLast())
        .contains("http://boats-0.boats-headless.boats.svc:4001/readyz")
        .contains("http://boats-4.boats-headless.boats.svc:4001/readyz")
        .contains("http://boats.boats.svc:4001/db/query?level=strong");
  }

  @Test
  void theNetworkPolicyLetsTheTestIn() throws Exception {
    var labels = Release.helmTest("monitored").getMetadata().getLabels();

    assertThat(Release.of("monitored").one(V1NetworkPolicy.class).getSpec().getIngress())
        .filteredOn(rule -> "http".equals(rule.getPorts().getFirst().getPort().getStrValue()))
        .flatExtracting(rule -> rule.getFrom())
        .filteredOn(from -> from.getPodSelector() != null)
        .anySatisfy(from ->
            assertThat(labels).containsAllEntriesOf(from.getPodSelector().getMatchLabels()));
  }

  @Test
  void theNotesWarnOfWhatIsMissing() {
    assertThat(notes("single"))
        .contains("trial-liferaft of 1 node is starting")
        .contains("backup.target is empty", "one node bears no failure")
        .doesNotContain("persistence.enabled=false");
    assertThat(notes("ephemeral"))
        .contains(
            "Backups go to s3://backups/liferaft.sqlite.gz every 10s", "persistence.enabled=false")
        .doesNotContain("one node bears");
    assertThat(notes("bare")).contains("networkPolicy.enabled=false");
    assertThat(notes("shared-claim")).contains("is restored from file:/backups/other.sqlite.gz");
  }

  private static String notes(String values) {
    String output =
        new Helm(Release.CHART)
            .install()
            .withName(Release.NAME)
            .withNamespace(Release.NAMESPACE)
            .withKubeVersion(Release.KUBERNETES)
            .clientOnly()
            .dryRun()
            .withValuesFile(Release.file(values))
            .call()
            .getOutput();
    assertThat(List.of(output.split("NOTES:", 2))).hasSize(2);
    return output.split("NOTES:", 2)[1];
  }
}
