package io.liferaft.api;

/** The one place where log indexes become rqlite's: Ratis counts from 0, rqlite from 1. */
final class RqliteIndex {

  private RqliteIndex() {}

  /** rqlite's number of a log index; 0 for "none" (below 0). */
  static long of(long logIndex) {
    return Math.max(logIndex, -1) + 1;
  }

  /** rqlite's number of a change index, where 0 already means "none". */
  static long ofChange(long changeIndex) {
    return changeIndex <= 0 ? 0 : changeIndex + 1;
  }
}
