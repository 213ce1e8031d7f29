package io.liferaft.objectstore;

import java.util.Locale;

/**
 * What came of trying one thing that backups will ask of their store.
 *
 * @param check what was tried, one word
 * @param result whether it can be relied on
 * @param detail one sentence on what was found; holds no secret
 * @param advice what to do; empty when there is nothing to do
 */
public record PreflightFinding(String check, Result result, String detail, String advice) {

  /** The closed set of results. */
  public enum Result {
    /** It works. */
    OK,
    /** Backups work all the same; the detail says what is different. */
    NOTE,
    /** Backups or restores will fail, now or later. */
    PROBLEM,
    /** It could not be tried, because something before it failed. */
    SKIPPED;

    /** The name in answers and logs. */
    public String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static PreflightFinding ok(String check, String detail) {
    return new PreflightFinding(check, Result.OK, detail, "");
  }

  static PreflightFinding note(String check, String detail, String advice) {
    return new PreflightFinding(check, Result.NOTE, detail, advice);
  }

  static PreflightFinding problem(String check, String detail, String advice) {
    return new PreflightFinding(check, Result.PROBLEM, detail, advice);
  }

  static PreflightFinding skipped(String check, String detail) {
    return new PreflightFinding(check, Result.SKIPPED, detail, "");
  }
}
