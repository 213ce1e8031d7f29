package io.liferaft.cli;

/**
 * One of rqlited's flags.
 *
 * @param name without a dash
 * @param standard rqlited's default; empty for none
 * @param meaning for the help
 */
record Flag(String name, Kind kind, String standard, String meaning, Treatment treatment) {

  /** Whether a value says what leaving the flag out says. */
  boolean atDefault(String canonical) {
    return standard.isEmpty()
        ? canonical.equals(kind.zero())
        : canonical.equals(kind.canonical(standard));
  }

  /** Whether a value asks for nothing that could be missing: it is the default, or off. */
  boolean asksForNothing(String canonical) {
    return atDefault(canonical) || canonical.equals(kind.zero());
  }

  /** What becomes of it, in the words of the help and of the documentation. */
  String fate() {
    return switch (treatment) {
      case Treatment.Sets(var properties, _) -> "`" + String.join("`, `", properties) + "`";
      case Treatment.Harmless(String why) -> "taken, without effect: " + why;
      case Treatment.Never(String why) -> "refused: " + why;
      case Treatment.Prints() -> "prints and ends with 0";
    };
  }
}
