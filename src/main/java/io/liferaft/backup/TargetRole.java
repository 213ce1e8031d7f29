package io.liferaft.backup;

/**
 * Which of the two places that backups may go to. The names of the first are those that it had when
 * it was the only one.
 */
enum TargetRole {
  FIRST("liferaft.backup.target", "liferaft-backup", "liferaft.backup.", ""),
  SECOND(
      "liferaft.backup.second-target",
      "liferaft-backup-second",
      "liferaft.backup.second.",
      "Second target: ");

  private final String setting;
  private final String thread;
  private final String metrics;
  private final String label;

  TargetRole(String setting, String thread, String metrics, String label) {
    this.setting = setting;
    this.thread = thread;
    this.metrics = metrics;
    this.label = label;
  }

  /** The setting that names the place. */
  String setting() {
    return setting;
  }

  /** Name of the thread that runs the rounds. */
  String thread() {
    return thread;
  }

  /** Full name of a metric. */
  String metric(String name) {
    return metrics + name;
  }

  /** What sentences in logs begin with. */
  String label() {
    return label;
  }
}
