package io.liferaft.cli;

/** What {@code liferaftd -h} prints, from the table of flags. */
final class Help {

  private static final String HEAD =
      """
      Usage: liferaftd [flags] [--property=value ...] [data directory]
             liferaftd recover DATA_DIR
             liferaftd backups list|get|verify|prune --target=TARGET
             liferaftd bench [--option=value ...]
             liferaftd train

      Starts a node. The flags are those of rqlited, with one dash or two, as -flag value or -flag=value;
      each is another spelling of a setting, named behind the arrow. Settings that have no flag are in
      the user guide. Without a data directory the node uses ./data or what liferaft.node.data-dir says.

      """;

  private Help() {}

  static String text() {
    StringBuilder text = new StringBuilder(HEAD);
    for (Flag flag : Flags.all()) {
      text.append("  -").append(flag.name());
      if (!flag.kind().word().isEmpty()) {
        text.append(' ').append(flag.kind().word());
      }
      text.append("\n        ").append(flag.meaning());
      if (!flag.standard().isEmpty()) {
        text.append(" (rqlited's default ").append(flag.standard()).append(')');
      }
      text.append("\n        -> ").append(flag.fate().replace("`", "")).append('\n');
    }
    return text.toString();
  }
}
