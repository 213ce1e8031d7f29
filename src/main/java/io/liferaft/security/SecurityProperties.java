package io.liferaft.security;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Users and permissions.
 *
 * @param authFile JSON file of users, passwords and permissions as rqlite's -auth takes it, read
 *     once at the start; empty lets everyone do everything
 * @param joinAs user of that file as which this node joins a cluster whose nodes have users
 */
@ConfigurationProperties(prefix = "liferaft.security", ignoreUnknownFields = false)
record SecurityProperties(@DefaultValue("") String authFile, @DefaultValue("") String joinAs) {

  static final String JOIN_AS = "liferaft.security.join-as";
  static final String AUTH_FILE = "liferaft.security.auth-file";
}
