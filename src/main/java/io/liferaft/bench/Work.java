package io.liferaft.bench;

import java.util.Locale;

/** What one request does. */
enum Work {
  /** One row inserted. */
  WRITE("/db/execute"),
  /** Many rows inserted by as many statements in one request. */
  BULK("/db/execute"),
  /** One row inserted through the queue, not waited for. */
  QUEUED("/db/execute?queue"),
  /** One row read by its key at this level, as the others below. */
  NONE("/db/query?level=none"),
  WEAK("/db/query?level=weak"),
  LINEARIZABLE("/db/query?level=linearizable"),
  STRONG("/db/query?level=strong"),
  /** One row read by its key at level weak, or one inserted, by chance. */
  MIXED("/db/request?level=weak"),
  /** All rows read at level none. */
  LARGE("/db/query?level=none");

  private final String path;

  Work(String path) {
    this.path = path;
  }

  /** Path and query, the same for each request. */
  String path() {
    return path;
  }

  /** Whether there must be rows to read. */
  boolean reads() {
    return !path.startsWith("/db/execute");
  }

  /** As on the command line. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
