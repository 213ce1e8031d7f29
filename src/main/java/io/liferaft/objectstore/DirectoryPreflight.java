package io.liferaft.objectstore;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Tries what backups will ask of a directory; never makes it. */
final class DirectoryPreflight {

  private static final String DIRECTORY = "directory";
  private static final long LITTLE_ROOM = 256L << 20;

  private final Path directory;
  private final boolean createDirectory;

  /**
   * @param createDirectory whether backups make it when it is missing
   */
  DirectoryPreflight(Path directory, boolean createDirectory) {
    this.directory = directory;
    this.createDirectory = createDirectory;
  }

  List<PreflightFinding> run(Supplier<List<PreflightFinding>> trial) {
    if (!Files.isDirectory(directory)) {
      return List.of(missing());
    }
    List<PreflightFinding> findings = new ArrayList<>();
    findings.add(room());
    findings.addAll(trial.get());
    return findings;
  }

  /** What to do when a check is denied. */
  String grant(String check) {
    return "Let the user of this process read and write in " + directory;
  }

  private PreflightFinding missing() {
    String detail = "There is no directory " + directory;
    return createDirectory
        ? PreflightFinding.note(DIRECTORY, detail + " yet", "Nothing: the first backup makes it")
        : PreflightFinding.problem(
            DIRECTORY, detail, "Mount the directory that all nodes share, or make it");
  }

  private PreflightFinding room() {
    try {
      FileStore files = Files.getFileStore(directory);
      long free = files.getUsableSpace();
      String detail =
          "%s is there, on %s, with %d MB free".formatted(directory, files.type(), free >> 20);
      return free < LITTLE_ROOM
          ? PreflightFinding.note(DIRECTORY, detail, "Make room: a backup needs what it sends")
          : PreflightFinding.ok(DIRECTORY, detail);
    } catch (IOException e) {
      return PreflightFinding.problem(
          DIRECTORY, "Looking at %s failed: %s".formatted(directory, e.getMessage()), grant(""));
    }
  }
}
