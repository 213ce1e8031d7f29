package io.liferaft;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter;
import org.springframework.core.env.Environment;

/**
 * Refuses settings of a group that no module has: a module only sees what begins with its own name.
 * As within a group, environment variables and system properties are not looked at, which may be
 * meant for somebody else.
 */
final class UnknownSettings implements BeanFactoryPostProcessor {

  private static final ConfigurationPropertyName ALL = ConfigurationPropertyName.of("liferaft");

  /** Where Spring Boot puts a YAML document that is one text. */
  private static final String TEXT_DOCUMENT = "document";

  private static final Pattern ASSIGNMENT = Pattern.compile("\\b(liferaft\\.[\\w.-]+)\\s*=");

  private final Environment environment;

  UnknownSettings(Environment environment) {
    this.environment = environment;
  }

  /**
   * Looks before any bean is made.
   *
   * @throws IllegalArgumentException naming the first such setting, or one that a YAML file does
   *     not set though it seems to
   */
  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    requireYaml();
    Set<ConfigurationPropertyName> groups = groups(beans);
    UnboundElementsSourceFilter looked = new UnboundElementsSourceFilter();
    for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
      if (source instanceof IterableConfigurationPropertySource names && looked.apply(source)) {
        names.stream()
            .filter(ALL::isAncestorOf)
            .filter(name -> groups.stream().noneMatch(group -> group.isAncestorOf(name)))
            .findFirst()
            .ifPresent(name -> {
              throw new IllegalArgumentException(sentence(name, groups));
            });
      }
    }
  }

  /** Lines as of a properties file are to YAML one long text, which sets nothing. */
  private void requireYaml() {
    Matcher line = ASSIGNMENT.matcher(environment.getProperty(TEXT_DOCUMENT, ""));
    if (line.find()) {
      throw new IllegalArgumentException(
          "%1$s= in a YAML file is refused: it sets nothing there; write %1$s: and a space before the value, or put such lines into application.properties"
              .formatted(line.group(1)));
    }
  }

  private static Set<ConfigurationPropertyName> groups(ConfigurableListableBeanFactory beans) {
    Set<ConfigurationPropertyName> groups = new TreeSet<>();
    for (String bean : beans.getBeanDefinitionNames()) {
      ConfigurationProperties properties =
          beans.findAnnotationOnBean(bean, ConfigurationProperties.class, false);
      if (properties != null && properties.prefix().startsWith(ALL + ".")) {
        groups.add(ConfigurationPropertyName.of(properties.prefix()));
      }
    }
    return groups;
  }

  private static String sentence(
      ConfigurationPropertyName name, Set<ConfigurationPropertyName> groups) {
    return "%s is refused: there is no such setting; settings begin with one of %s"
        .formatted(name, String.join(", ", groups.stream().map(Object::toString).toList()));
  }
}
