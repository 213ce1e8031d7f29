package io.liferaft.api;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.catalina.Valve;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.AbstractProtocol;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Lets clients go before the web server stops. A server that closes a kept connection in the moment
 * in which the client sends on it leaves that client without an answer and in doubt about its
 * write. So a node that is told to stop first answers what still comes with {@code Connection:
 * close} (RFC 9112 section 9.6), data requests with 503 so that whoever knows other nodes turns to
 * them, and goes on to stop when nothing has come for {@value #QUIET_MILLIS} ms, or no connection
 * is left, or after two seconds. What was begun before is answered as always.
 */
final class ConnectionDrain implements SmartLifecycle {

  private static final long QUIET_MILLIS = 200;
  private static final Duration LIMIT = Duration.ofSeconds(2);

  private final WebServerApplicationContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition answered = lock.newCondition();
  private volatile boolean running;
  private volatile boolean draining;
  private int active;
  private long lastNanos;

  ConnectionDrain(WebServerApplicationContext context) {
    this.context = context;
  }

  /** Whether data requests are to be refused, since this node is about to stop. */
  boolean draining() {
    return draining;
  }

  /** To be put in the way of every request. */
  Valve valve() {
    return new ClosingValve();
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    if (context.getWebServer() instanceof TomcatWebServer tomcat) {
      drain(tomcat.getTomcat().getConnector());
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Before the web server is told to stop. */
  @Override
  public int getPhase() {
    return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1;
  }

  private void drain(Connector connector) {
    if (!(connector.getProtocolHandler() instanceof AbstractProtocol<?> protocol)) {
      return;
    }
    lock.lock();
    try {
      lastNanos = System.nanoTime();
      draining = true;
      long end = lastNanos + LIMIT.toNanos();
      while (protocol.getConnectionCount() > 0) {
        long now = System.nanoTime();
        long quiet = lastNanos + TimeUnit.MILLISECONDS.toNanos(QUIET_MILLIS);
        long left = Math.min(end - now, active > 0 ? end - now : quiet - now);
        if (left <= 0) {
          return;
        }
        long _ = answered.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void count(int change) {
    lock.lock();
    try {
      active += change;
      lastNanos = System.nanoTime();
      answered.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Asks clients to close, once the node is stopping. */
  private final class ClosingValve extends ValveBase {

    ClosingValve() {
      super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
      if (!draining || request.getProtocol().startsWith("HTTP/2")) {
        getNext().invoke(request, response);
        return;
      }
      response.setHeader("Connection", "close");
      count(1);
      try {
        getNext().invoke(request, response);
      } finally {
        count(-1);
      }
    }
  }
}
