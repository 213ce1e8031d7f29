package io.liferaft.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.swagger.v3.core.util.Yaml;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * {@code /actuator/openapi}: the actuator's endpoints as springdoc finds them, and rqlite's paths,
 * which no controller of Spring's serves and which are described in a file.
 */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {

  private static final String RQLITE = "/openapi/rqlite.yaml";
  private static final String SPRINGDOC = "org.springdoc.";

  @Bean
  OpenApiCustomizer rqlitePaths() {
    return api -> {
      api.setInfo(
          new Info()
              .title("Liferaft")
              .version(RqliteVersion.own())
              .license(new License().name("Apache-2.0")));
      OpenAPI rqlite = rqlite();
      api.setTags(rqlite.getTags());
      rqlite.getPaths().forEach(api::path);
      if (api.getComponents() == null) {
        api.setComponents(rqlite.getComponents());
        return;
      }
      rqlite.getComponents().getSchemas().forEach(api.getComponents()::addSchemas);
      rqlite.getComponents().getParameters().forEach(api.getComponents()::addParameters);
      rqlite.getComponents().getResponses().forEach(api.getComponents()::addResponses);
      rqlite.getComponents().getRequestBodies().forEach(api.getComponents()::addRequestBodies);
    };
  }

  /** Nothing of springdoc's is made before somebody asks: it would cost each start. */
  @Bean
  static BeanFactoryPostProcessor describedWhenAsked() {
    return beans -> {
      for (String name : beans.getBeanDefinitionNames()) {
        BeanDefinition definition = beans.getBeanDefinition(name);
        if (String.valueOf(definition.getFactoryBeanName()).startsWith(SPRINGDOC)
            || String.valueOf(definition.getBeanClassName()).startsWith(SPRINGDOC)) {
          definition.setLazyInit(true);
        }
      }
    };
  }

  /** What the file says, read anew, since springdoc changes what it is given. */
  static OpenAPI rqlite() {
    try (InputStream file = OpenApiConfiguration.class.getResourceAsStream(RQLITE)) {
      if (file == null) {
        throw new IllegalStateException(RQLITE + " is missing in the program");
      }
      return Yaml.mapper()
          .readValue(new String(file.readAllBytes(), StandardCharsets.UTF_8), OpenAPI.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(RQLITE + " is not OpenAPI", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
