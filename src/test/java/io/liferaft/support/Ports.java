package io.liferaft.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports that stay free while a node is down, though many tests run at once: below those that
 * systems give to whoever asks for any, and from a part of their own for each test JVM.
 */
public final class Ports {

  private static final int FIRST = 12_000;
  private static final int PARTS = 4;
  private static final int PART = 4_000;
  private static final int OWN =
      FIRST + Math.floorMod(Integer.getInteger("liferaft.fork", 0), PARTS) * PART;

  /** Builds that run beside each other begin at different places. */
  private static final AtomicInteger NEXT =
      new AtomicInteger((int) (ProcessHandle.current().pid() * 97 % PART));

  private Ports() {}

  /** A port nobody listens at, another one with each call. */
  public static int free() {
    for (int i = 0; i < PART; i++) {
      int port = OWN + Math.floorMod(NEXT.getAndIncrement(), PART);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException _) {
        // taken: the next one
      }
    }
    throw new IllegalStateException("no port is free from " + OWN);
  }
}
