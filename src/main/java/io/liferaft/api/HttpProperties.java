package io.liferaft.api;

import jakarta.validation.constraints.AssertTrue;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * HTTP settings.
 *
 * @param maxStatementBody largest body of SQL statements, answered with 413 beyond; database files
 *     sent to /db/load are not limited
 */
@Validated
@ConfigurationProperties("liferaft.http")
record HttpProperties(@DefaultValue("256MB") DataSize maxStatementBody) {

  @AssertTrue(
      message = "liferaft.http.max-statement-body must be from 1B to 2047MB, for example 256MB")
  boolean isMaxStatementBodyInRange() {
    long bytes = maxStatementBody.toBytes();
    return bytes >= 1 && bytes <= DataSize.ofMegabytes(2047).toBytes();
  }
}
