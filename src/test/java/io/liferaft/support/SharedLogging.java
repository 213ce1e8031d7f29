package io.liferaft.support;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.logging.LogFile;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingInitializationContext;
import org.springframework.boot.logging.logback.LogbackLoggingSystem;

/**
 * Spring's logging for applications that share one JVM with tests: as logback-test.xml has set it
 * up, and no application changes it for the others. Spring's own resets all loggers when an
 * application starts, lets nothing through until it is set up again, and drops whoever listens.
 * Named by a system property of surefire, in pom.xml.
 */
public final class SharedLogging extends LogbackLoggingSystem {

  public SharedLogging(ClassLoader classes) {
    super(classes);
  }

  @Override
  public void beforeInitialize() {
    // Set up already.
  }

  @Override
  public void initialize(
      LoggingInitializationContext context,
      @Nullable String configLocation,
      @Nullable LogFile logFile) {
    // Set up already.
  }

  @Override
  public void setLogLevel(@Nullable String logger, @Nullable LogLevel level) {
    // The others' level, too.
  }

  @Override
  public void cleanUp() {
    // The others go on.
  }
}
