package io.liferaft.restore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs every tenth of a long way once. One thread. */
final class Tenths {

  private static final Logger log = LoggerFactory.getLogger(Tenths.class);

  private final String what;
  private final long total;
  private long logged;

  Tenths(String what, long total) {
    this.what = what;
    this.total = total;
  }

  void reached(long bytes) {
    long tenth = total <= 0 ? 0 : bytes * 10 / total;
    if (tenth > logged && tenth <= 10) {
      logged = tenth;
      log.info("{}: {} % of {} bytes", what, tenth * 10, total);
    }
  }
}
