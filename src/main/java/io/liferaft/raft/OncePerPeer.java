package io.liferaft.raft;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Which trouble has been said of whom: connections are tried again all the time. */
final class OncePerPeer {

  /** Whoever may knock may do it under many names. */
  private static final int MOST = 100;

  private final Map<String, String> said = new ConcurrentHashMap<>();

  /** Whether this is the first time, or something else than the last time. */
  boolean isNew(String peer, String trouble) {
    return (said.size() < MOST || said.containsKey(peer))
        && !trouble.equals(said.put(peer, trouble));
  }

  void forget(String peer) {
    said.remove(peer);
  }
}
