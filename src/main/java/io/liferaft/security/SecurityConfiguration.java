package io.liferaft.security;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The one check that every way into the node asks. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SecurityProperties.class)
public class SecurityConfiguration {

  SecurityConfiguration() {}

  @Bean
  AccessControl accessControl(
      SecurityProperties properties, ObjectProvider<MeterRegistry> registries) {
    AccessControl access =
        properties.authFile().isEmpty()
            ? AccessControl.open()
            : AuthFile.read(properties.authFile());
    MeterRegistry registry = registries.getIfAvailable();
    if (registry != null) {
      SecurityMetrics.register(access, registry);
    }
    return access;
  }

  @Bean
  JoinCredentials joinCredentials(SecurityProperties properties) {
    String user = properties.joinAs();
    if (user.isEmpty()) {
      return new JoinCredentials(new Credentials("", ""));
    }
    if (properties.authFile().isEmpty()) {
      throw new IllegalArgumentException(
          "%s=%s is refused: its password is looked up in %s, for example /etc/liferaft/users.json"
              .formatted(SecurityProperties.JOIN_AS, user, SecurityProperties.AUTH_FILE));
    }
    return new JoinCredentials(AuthFile.credentials(properties.authFile(), user));
  }
}
