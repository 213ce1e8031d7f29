package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The resources of the Prometheus operator, whose types are not in Kubernetes' model. */
class ChartMonitoringTests {

  private static final Pattern METRIC = Pattern.compile("\\bliferaft_[a-z_]+|\\bup\\b");

  private static List<JsonObject> alerts() {
    return alerts("monitored");
  }

  private static List<JsonObject> alerts(String values) {
    JsonObject rule = Release.of(values).custom("PrometheusRule");
    List<JsonObject> alerts = new ArrayList<>();
    for (JsonElement group : Release.list(rule.getAsJsonObject("spec"), "groups")) {
      assertThat(group.getAsJsonObject().keySet()).containsExactly("name", "rules");
      for (JsonElement alert : Release.list(group.getAsJsonObject(), "rules")) {
        alerts.add(alert.getAsJsonObject());
      }
    }
    return alerts;
  }

  /** The names of the metrics that the rules ask for. */
  static Set<String> metrics() {
    Set<String> names = new TreeSet<>();
    for (JsonObject alert : alerts()) {
      String withoutLabels = alert.get("expr").getAsString().replaceAll("\\{[^}]*}", "{}");
      METRIC.matcher(withoutLabels).results().map(MatchResult::group).forEach(names::add);
    }
    names.remove("up"); // Prometheus' own
    return names;
  }

  /** Label sets of one metric that the rules ask for, without those Prometheus adds. */
  static Set<String> tags() {
    Set<String> tags = new TreeSet<>();
    Pattern labels = Pattern.compile(",(state|result|role)=~?\"([^\"]*)\"");
    for (JsonObject alert : alerts()) {
      labels
          .matcher(alert.get("expr").getAsString())
          .results()
          .forEach(match -> {
            Pattern.compile("\\|")
                .splitAsStream(match.group(2))
                .forEach(value -> tags.add(match.group(1) + "=\"" + value + "\""));
          });
    }
    return tags;
  }

  @Test
  void alertsCoverWhatAnOperatorMustKnow() {
    assertThat(alerts())
        .extracting(alert -> alert.get("alert").getAsString())
        .doesNotHaveDuplicates()
        .contains(
            "LiferaftBackupOld",
            "LiferaftBackupFailing",
            "LiferaftBackupStopped",
            "LiferaftBackupDamaged",
            "LiferaftBackupNotVerified",
            "LiferaftStoreProblem",
            "LiferaftDatabaseShrunk",
            "LiferaftRestoreFailing",
            "LiferaftRestoreStuck",
            "LiferaftNoLeader",
            "LiferaftQuorumLost",
            "LiferaftNodeMissing");
  }

  @Test
  void aSecondTargetHasItsOwn() {
    assertThat(alerts("second-target"))
        .filteredOn(alert -> alert.get("expr").getAsString().contains("_second_"))
        .extracting(alert -> alert.get("alert").getAsString())
        .containsExactly(
            "LiferaftSecondBackupOld", "LiferaftSecondBackupStopped", "LiferaftRestoredFromSecond");
    assertThat(alerts()).noneMatch(alert -> alert.get("expr").getAsString().contains("_second_"));
  }

  @Test
  void alertsAreRules() {
    assertThat(alerts())
        .allSatisfy(alert -> {
          assertThat(alert.keySet())
              .isSubsetOf("alert", "expr", "for", "labels", "annotations")
              .contains("alert", "expr", "labels", "annotations");
          String expr = alert.get("expr").getAsString();
          assertThat(expr.chars().filter(c -> c == '(').count())
              .isEqualTo(expr.chars().filter(c -> c == ')').count());
          assertThat(expr).doesNotContain("\n").matches(".*[<>=]=? .*");
          METRIC
              .matcher(expr.replaceAll("(?<=\\{)[^}]*", ""))
              .results()
              .forEach(match ->
                  assertThat(expr)
                      .contains(
                          match.group() + "{namespace=\"boats\",job=\"trial-liferaft-headless\""));
          assertThat(alert.getAsJsonObject("labels").keySet())
              .containsExactlyInAnyOrder("severity", "liferaft");
          assertThat(alert.getAsJsonObject("annotations").keySet())
              .containsExactlyInAnyOrder("summary", "description");
        });
  }

  @Test
  void theQuorumIsTheReleases() {
    assertThat(alerts())
        .filteredOn(alert -> alert.get("alert").getAsString().equals("LiferaftQuorumLost"))
        .singleElement()
        .satisfies(alert -> assertThat(alert.get("expr").getAsString()).endsWith(" < 2"));
  }

  @Test
  void everyNodeIsScrapedOnceAlsoWhenItIsNotReady() {
    Release release = Release.of("monitored");
    JsonObject monitor = release.custom("ServiceMonitor");
    JsonObject spec = monitor.getAsJsonObject("spec");

    assertThat(
            monitor
                .getAsJsonObject("metadata")
                .getAsJsonObject("labels")
                .get("release")
                .getAsString())
        .isEqualTo("prometheus");
    assertThat(spec.keySet()).containsExactlyInAnyOrder("selector", "endpoints");
    JsonObject labels = spec.getAsJsonObject("selector").getAsJsonObject("matchLabels");
    assertThat(release.all(io.kubernetes.client.openapi.models.V1Service.class))
        .filteredOn(service ->
            labels.entrySet().stream()
                .allMatch(label ->
                    label
                        .getValue()
                        .getAsString()
                        .equals(service.getMetadata().getLabels().get(label.getKey()))))
        .singleElement()
        .satisfies(service -> assertThat(service.getSpec().getClusterIP()).isEqualTo("None"));
    assertThat(Release.list(spec, "endpoints"))
        .singleElement()
        .satisfies(endpoint -> {
          JsonObject fields = endpoint.getAsJsonObject();
          assertThat(fields.keySet()).containsExactlyInAnyOrder("port", "path", "interval");
          assertThat(fields.get("port").getAsString()).isEqualTo("http");
          assertThat(fields.get("path").getAsString()).isEqualTo("/actuator/prometheus");
        });
  }

  @Test
  void theGuideAsksForTheSameMetrics() throws Exception {
    String guide = Files.readString(Path.of("docs/user-guide.md"));

    assertThat(metrics()).isNotEmpty().allSatisfy(metric -> assertThat(guide).contains(metric));
  }
}
