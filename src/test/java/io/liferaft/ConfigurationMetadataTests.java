package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What editors and operators are told of each setting. */
class ConfigurationMetadataTests {

  private static List<JsonNode> settings() throws IOException {
    List<JsonNode> found = new ArrayList<>();
    for (URL file :
        Collections.list(
            ConfigurationMetadataTests.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json"))) {
      try (InputStream in = file.openStream()) {
        for (JsonNode property : JsonMapper.shared().readTree(in).path("properties")) {
          if (property.path("name").asString().startsWith("liferaft.")) {
            found.add(property);
          }
        }
      }
    }
    assertThat(found).hasSizeGreaterThan(20);
    return found;
  }

  @Test
  void everySettingHasADescription() throws IOException {
    assertThat(settings())
        .allSatisfy(setting ->
            assertThat(setting.path("description").asString(""))
                .as(setting.path("name").asString())
                .isNotBlank()
                .doesNotContain("{@"));
  }

  @Test
  void everySettingHasADefaultOrSaysWhereItComesFrom() throws IOException {
    assertThat(settings())
        .allSatisfy(setting ->
            assertThat(
                    setting.has("defaultValue")
                        || setting.path("description").asString("").contains("default"))
                .as(setting.path("name").asString())
                .isTrue());
  }

  @Test
  void theUserGuideListsEverySetting() throws IOException {
    String guide = Files.readString(Path.of("docs/user-guide.md"));

    assertThat(settings())
        .allSatisfy(
            setting -> assertThat(guide).contains("`" + setting.path("name").asString() + "`"));
  }
}
