package io.liferaft.security;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Users and permissions.
 *
 * @param authFile JSON file of users, passwords and permissions as rqlite's -auth takes it, read
 *     once at the start; empty lets everyone do everything
 */
@Validated
@ConfigurationProperties(prefix = "liferaft.security", ignoreUnknownFields = false)
record SecurityProperties(@DefaultValue("") String authFile) {

  static final String AUTH_FILE = "liferaft.security.auth-file";
}
