package io.liferaft.backup;

import java.util.Arrays;
import java.util.Locale;

/** How closely a restore point is looked at; each one includes those before it. */
enum VerifyDepth {
  /** The manifest, and whether every object that it names is there, in its size; fetches none. */
  MANIFEST,
  /** Every byte against its hash. */
  HASHES,
  /** SQLite's own check of the whole database. */
  DATABASE;

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The depth of that name.
   *
   * @throws IllegalArgumentException when there is none, saying which there are
   */
  static VerifyDepth of(String text) {
    return Arrays.stream(values())
        .filter(depth -> depth.tag().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "depth=" + text + " is none: valid are manifest, hashes and database"));
  }
}
