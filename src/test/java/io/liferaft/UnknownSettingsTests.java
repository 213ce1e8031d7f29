package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;
import org.springframework.core.io.support.SpringFactoriesLoader;

class UnknownSettingsTests {

  /**
   * One group. Its metadata is held to what holds for all.
   *
   * @param id of the node; default: none
   */
  @ConfigurationProperties(prefix = "liferaft.node", ignoreUnknownFields = false)
  record Node(String id) {}

  /**
   * Another one.
   *
   * @param target of backups; default: none
   */
  @ConfigurationProperties(prefix = "liferaft.backup", ignoreUnknownFields = false)
  record Backup(String target) {}

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({Node.class, Backup.class})
  static class Groups {}

  private final ApplicationContextRunner context =
      new ApplicationContextRunner()
          .withUserConfiguration(LiferaftConfiguration.class, Groups.class);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "liferaft.nodde.id",
        "liferaft.backups.target",
        "liferaft.node-id",
        "liferaft.nodes",
        "liferaft.cdc.config"
      })
  void refusesAGroupThatNoModuleHas(String name) {
    context
        .withPropertyValues(name + "=1")
        .run(started ->
            assertThat(started.getStartupFailure())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                    name
                        + " is refused: there is no such setting; settings begin with one of liferaft.backup, liferaft.node"));
  }

  /** As a newcomer pastes the lines of a properties file. */
  @Test
  void refusesAYamlFileThatSetsNothing(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("application.yaml");
    Files.writeString(file, "# settings\nliferaft.node.id=n1\nliferaft.backup.target=file:/a\n");
    for (PropertySource<?> source :
        new YamlPropertySourceLoader().load("file", new FileSystemResource(file))) {
      context
          .withInitializer(
              started -> started.getEnvironment().getPropertySources().addFirst(source))
          .run(started ->
              assertThat(started.getStartupFailure())
                  .isInstanceOf(IllegalArgumentException.class)
                  .hasMessageStartingWith(
                      "liferaft.node.id= in a YAML file is refused: it sets nothing there; write liferaft.node.id: "));
    }
    context
        .withPropertyValues("document=of another program, a=b")
        .run(started -> assertThat(started).hasNotFailed());
  }

  @Test
  void takesWhatAModuleHasAndWhatIsNotOurs() {
    context
        .withPropertyValues("liferaft.node.id=1", "liferaft.backup.target=x", "other.liferaft=1")
        .withSystemProperties("liferaft.java.home=1")
        .run(started -> assertThat(started).hasNotFailed());
  }

  @Test
  void tellsAnUnknownKeyOfAGroupInTheSameWords() {
    context
        .withPropertyValues("liferaft.node.idd=1")
        .run(started -> {
          Throwable failure = started.getStartupFailure();
          assertThat(failure).hasRootCauseInstanceOf(UnboundConfigurationPropertiesException.class);
          assertThat(analysis(Objects.requireNonNull(failure)))
              .isEqualTo("liferaft.node.idd is refused: there is no such setting");
        });
  }

  /** By the first that Spring Boot would ask and that knows. */
  private static String analysis(Throwable failure) {
    for (FailureAnalyzer analyzer :
        SpringFactoriesLoader.forDefaultResourceLocation(
                UnknownSettingsTests.class.getClassLoader())
            .load(FailureAnalyzer.class, (type, name, e) -> {})) {
      FailureAnalysis analysis = analyzer.analyze(failure);
      if (analysis != null) {
        return analysis.getDescription();
      }
    }
    return "none";
  }
}
