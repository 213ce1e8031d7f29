package io.liferaft.cli;

import java.util.List;
import java.util.Map;

/** What becomes of a flag. */
sealed interface Treatment {

  /** Puts what a value of the flag says among the settings. */
  @FunctionalInterface
  interface Translation {

    /**
     * Puts it.
     *
     * @param value canonical, see {@link Kind#canonical}
     * @throws IllegalArgumentException saying what is wrong with the value
     */
    void put(Map<String, String> settings, String value);
  }

  /** It is another spelling of settings. */
  record Sets(List<String> properties, Translation translation) implements Treatment {}

  /**
   * It is taken, has nothing to act on, and the log says so once.
   *
   * @param why what is so without it
   */
  record Harmless(String why) implements Treatment {}

  /** What it asks for will not come: it is refused. */
  record Never(String why) implements Treatment {}

  /** Prints something and ends the program. */
  record Prints() implements Treatment {}
}
