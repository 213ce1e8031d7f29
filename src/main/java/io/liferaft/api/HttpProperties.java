package io.liferaft.api;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * HTTP settings.
 *
 * @param maxStatementBody largest body of SQL statements, answered with 413 beyond; database files
 *     and texts sent to /db/load are not limited
 * @param allowOrigin what every answer on rqlite's paths carries as Access-Control-Allow-Origin;
 *     empty for no such header
 * @param verifyCommonName common name that the certificate of every client must have, where clients
 *     have to have one (server.ssl.client-auth=need); empty for any
 */
@ConfigurationProperties(prefix = "liferaft.http", ignoreUnknownFields = false)
record HttpProperties(
    @DefaultValue("256MB") DataSize maxStatementBody,
    @DefaultValue("") String allowOrigin,
    @DefaultValue("") String verifyCommonName) {

  private static final long LARGEST_MEGABYTES = 2047;

  HttpProperties {
    if (maxStatementBody.toBytes() < 1 || maxStatementBody.toMegabytes() > LARGEST_MEGABYTES) {
      throw new IllegalArgumentException(
          "liferaft.http.max-statement-body must be from 1B to %dMB, for example 256MB, not %s"
              .formatted(LARGEST_MEGABYTES, maxStatementBody));
    }
    allowOrigin = allowOrigin.strip();
    if (!allowOrigin.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          "liferaft.http.allow-origin=%s is no origin: a valid one is https://app.example.org or *"
              .formatted(allowOrigin));
    }
  }
}
