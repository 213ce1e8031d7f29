package io.liferaft.cdc;

import io.liferaft.go.GoUrl;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Change data capture.
 *
 * @param config where row changes go: an http:// or https:// address, stdout, or a JSON file that
 *     says it with rqlite's keys; empty for nowhere. The same on every node
 */
@ConfigurationProperties(prefix = "liferaft.cdc", ignoreUnknownFields = false)
record CdcProperties(@DefaultValue("") String config) {

  /** Without a password that is in the address. */
  @Override
  public String toString() {
    return "CdcProperties[config=" + GoUrl.redacted(config) + "]";
  }
}
