package io.liferaft.api;

import io.liferaft.backup.RestorePointFiles;
import io.liferaft.security.AccessControl;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.web.server.ConditionalOnManagementPort;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Asks on a port of its own, too, if the actuator has one: its web server has none of the others'
 * filters. Found through META-INF/spring, and no configuration that a scan would find.
 */
@ConditionalOnManagementPort(ManagementPortType.DIFFERENT)
final class ManagementPort {

  @Bean
  FilterRegistrationBean<ActuatorFilter> managementPortFilter(
      AccessControl access, Environment environment) {
    var registration =
        new FilterRegistrationBean<>(
            new ActuatorFilter(access, ApiConfiguration.actuatorPath(environment)));
    registration.setOrder(ApiConfiguration.ACTUATOR_ORDER);
    return registration;
  }

  @Bean
  FilterRegistrationBean<ActuatorPathFilter> managementPortActuatorPathFilter(
      Environment environment) {
    return ApiConfiguration.actuatorPaths(environment);
  }

  @Bean
  FilterRegistrationBean<ActuatorBodyFilter> managementPortActuatorBodyFilter(
      Environment environment) {
    return ApiConfiguration.actuatorBodies(environment);
  }

  @Bean
  FilterRegistrationBean<RestorePointFilter> managementPortRestorePointFilter(
      ObjectProvider<RestorePointFiles> files, ObjectProvider<PathMappedEndpoints> endpoints) {
    return ApiConfiguration.restorePoints(files, endpoints);
  }
}
