package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.TemplateCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/** Bad values stop Helm, not a pod. */
class ChartRefusalTests {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          replicas: 2                                                 | replicas
          replicas: 4                                                 | replicas
          replicas: 0                                                 | replicas
          replicas: '3'                                               | replicas
          replicaCount: 3                                             | replicaCount
          backup: {target: bucket/liferaft.sqlite.gz}                 | target
          backup: {target: 's3://Backups/x/'}                         | target
          backup: {target: 's3://backups'}                            | target
          backup: {target: 'file:/var/lib/x.sqlite'}                  | target
          backup: {target: 'file:/backups/x.sqlite'}                  | existingClaim
          replicas: 1, backup: {target: 'file:/backups/x.sqlite'}     | existingClaim
          backup: {interval: 10}                                      | interval
          backup: {interval: ten}                                     | interval
          backup: {interval: 500ms}                                   | interval
          backup: {onStopTimeout: 1m}                                 | onStopTimeout
          backup: {targets: 's3://backups/x'}                         | targets
          backup: {target: 's3://backups/x', secondTarget: 'file:/backups/x/'} | existingClaim
          backup: {target: 's3://backups/x', secondTarget: 'elsewhere/x'} | secondTarget
          backup: {secondTarget: 's3://elsewhere/x/'}                 | set backup.target
          secondS3: {region: auto, existingSecret: keys}              | of no use without backup.secondTarget
          backup: {target: 's3://one/x/', secondTarget: 's3://two/x/'}, secondS3: {region: auto} | name a secret
          secondS3: {endpoint: 'https://s3.example.org'}              | needs secondS3.region
          restore: {source: 'file:/backups/x.sqlite'}                 | existingClaim
          restore: {source: 'https://example.org/x'}                  | source
          restore: {onFailure: ignore}                                | onFailure
          restore: {enabled: true}                                    | restore
          s3: {endpoint: 'minio:9000'}                                | endpoint
          s3: {accessKey: AKIA}                                       | accessKey
          resources: {limits: {memory: 1G}}                           | memory
          resources: {limits: {memory: null}}                         | memory
          resources: {limits: {memory: 512Mi}}                        | leaves 281 MiB beside the heap
          jvm: {heapPercentage: 70}                                   | leaves 307 MiB beside the heap
          jvm: {heapPercentage: 95}                                   | heapPercentage
          jvm: {extraOptions: ['-Da=b c']}                            | extraOptions
          persistence: {enabled: false}                               | persistence.enabled=false without backup.target
          persistence: {size: lots}                                   | size
          persistence: {retention: {whenScaled: Remove}}              | whenScaled
          antiAffinity: required                                      | antiAffinity
          networkPolicy: {httpFrom: [{pods: all}]}                    | pods
          settings: {liferaft.node.id: n1}                            | liferaft.node.id
          settings: {liferaft.raft.address: 'x:1'}                    | liferaft.raft.address
          settings: {server.port: 80}                                 | server.port
          settings: {liferaft.backup.second-target: 's3://two/x/'}    | liferaft.backup.second-target
          settings: {liferaft.restore.on-failure: hold}               | liferaft.restore.on-failure
          settings: {a.b: {c: d}}                                     | a.b
          probes: {liveness: {httpGet: {path: /}}}                    | httpGet
          image: {repository: ''}                                     | repository
          """)
  void isRefused(String values, String sentence, @TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("values.yaml"), "{" + values + "}");
    TemplateCommand command = Release.template().withValuesFile(file);

    assertThatThrownBy(command::call).hasMessageContaining(sentence);
  }

  /**
   * Else a typing error in the schema itself would refuse everything, and be taken for a success.
   */
  @Test
  void theDefaultsAreNotRefused() {
    assertThat(Release.template().call()).contains("kind: StatefulSet");
  }

  @Test
  void anUpgradeThatChangesTheMembersIsRefused() {
    Release three = Release.of("three");

    assertThat(three.upgradedTo("monitored").nodes().getSpec().getReplicas()).isEqualTo(3);
    assertThatThrownBy(() -> three.upgradedTo("single"))
        .hasMessageContaining("replicas=1 is not what this cluster was founded with");
    assertThatThrownBy(() -> Release.of("single").upgradedTo("three"))
        .hasMessageContaining("Changing the number of nodes");
  }

  @Test
  void theReadmeListsEveryValue() throws Exception {
    String readme = Files.readString(Release.CHART.resolve("README.md"));
    Map<String, Object> values =
        new Yaml().load(Files.readString(Release.CHART.resolve("values.yaml")));
    Set<String> names = new TreeSet<>();
    leaves("", values, names);

    assertThat(names)
        .hasSizeGreaterThan(50)
        .allSatisfy(name -> assertThat(readme).contains("`" + name + "`"));
  }

  private static void leaves(String path, Map<?, ?> values, Set<String> names) {
    values.forEach((key, value) -> {
      String name = path + key;
      if (value instanceof Map<?, ?> map
          && !map.isEmpty()
          && !List.of("podSecurityContext", "securityContext", "resources").contains(name)
          && !path.equals("probes.")) {
        leaves(name + ".", map, names);
      } else {
        names.add(name);
      }
    });
  }
}
