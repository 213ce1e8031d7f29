package io.liferaft.security;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The one check that every way into the node asks. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SecurityProperties.class)
class SecurityConfiguration {

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
}
