package io.liferaft.support;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;

/**
 * What the package of a test class has logged during one test, a line an event: level and message.
 * Unlike the program's output it holds no word of the tests of other packages that run beside it.
 * Used as a {@link RegisterExtension} of each test instance.
 */
public final class PackageLog extends AppenderBase<ILoggingEvent>
    implements BeforeEachCallback, AfterEachCallback, CharSequence {

  private final StringBuilder text = new StringBuilder();

  private static Logger logger(ExtensionContext context) {
    return (Logger) LoggerFactory.getLogger(context.getRequiredTestClass().getPackageName());
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Logger logger = logger(context);
    setContext(logger.getLoggerContext());
    start();
    logger.addAppender(this);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    logger(context).detachAppender(this);
    stop();
  }

  @Override
  protected synchronized void append(ILoggingEvent event) {
    text.append(event.getLevel() + " " + event.getFormattedMessage() + "\n");
    if (event.getThrowableProxy() != null) {
      text.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
    }
  }

  @Override
  public synchronized int length() {
    return text.length();
  }

  @Override
  public synchronized char charAt(int index) {
    return text.charAt(index);
  }

  @Override
  public synchronized CharSequence subSequence(int start, int end) {
    return text.substring(start, end);
  }

  @Override
  public synchronized String toString() {
    return text.toString();
  }
}
