package io.liferaft.api;

import org.jspecify.annotations.Nullable;

/** The version that clients are told: rqlite's that is answered for, then ours. */
final class RqliteVersion {

  private static final String ANSWERED_FOR = "v10.2.7-liferaft";

  private RqliteVersion() {}

  /** Of this node. */
  static String own() {
    return of(RqliteVersion.class.getPackage().getImplementationVersion());
  }

  /** Of a node with this version of Liferaft; null when it does not know its own. */
  static String of(@Nullable String version) {
    return ANSWERED_FOR + (version == null ? "" : "-" + version);
  }
}
