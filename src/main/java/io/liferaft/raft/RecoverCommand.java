package io.liferaft.raft;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** {@code liferaftd recover DATA_DIR}: how an operator goes on from the last disk of a cluster. */
public final class RecoverCommand {

  private static final String HELP =
      """
      Usage: liferaftd recover DATA_DIR

      For a cluster that has lost the disks of most of its members, for good. Run it on one stopped
      member that still has its disk, the one whose log reaches furthest. It makes this node the only
      member of a new cluster group and keeps everything in its log, also what was not yet known to be
      committed. Start the node afterwards with the settings it had; the other members, started with
      empty data directories, are then admitted by themselves.

      Writes that the lost members had acknowledged and that never reached this disk are gone. If one
      more disk can be brought back, do that instead.

      Needs no network. Interrupted, it has done everything or nothing: run it again.
      Exit status: 0 done, or nothing to do; 1 refused, nothing was changed; 2 wrong usage.
      """;

  private RecoverCommand() {}

  /**
   * Runs the command.
   *
   * @param arguments what follows the word {@code recover}
   * @return the exit status
   */
  public static int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.contains("--help") || arguments.contains("-h")) {
      out.print(HELP);
      return 0;
    }
    if (arguments.size() != 1 || arguments.getFirst().startsWith("-")) {
      err.print("liferaftd recover: one data directory is wanted\n\n" + HELP);
      return 2;
    }
    try {
      Path dataDir = Path.of(arguments.getFirst());
      print(dataDir, new Recovery(dataDir).run(), out);
      return 0;
    } catch (Recovery.Refused | InvalidPathException e) {
      err.println("liferaftd recover: " + e.getMessage());
    } catch (IOException e) {
      err.println("liferaftd recover: failed, run it again: " + e);
    }
    return 1;
  }

  private static void print(Path dataDir, Recovery.Outcome done, PrintStream out) {
    if (done.formerGroup() == null) {
      out.printf(
          "Node %s in %s is the only member of cluster group %s already, with a log up to index %d: nothing to do.%n",
          done.nodeId(), dataDir, done.group(), done.lastIndex());
      return;
    }
    String others = String.join(", ", done.others());
    out.printf("Node %s at %s, data directory %s%n", done.nodeId(), done.raftAddress(), dataDir);
    out.printf("  cluster group before  %s, with %s%n", done.formerGroup(), others);
    out.printf("  cluster group now     %s, this node alone%n", done.group());
    out.printf("  kept                  every log entry up to index %d%n", done.lastIndex());
    out.printf(
        "  database file         as of index %d, the log adds the rest%n", done.recordIndex());
    out.printf(
        "Writes that %s had acknowledged and that never reached this disk are gone.%n%n", others);
    out.printf("Next:%n");
    out.printf("  1. Start this node with the settings it had. It serves at once, alone.%n");
    out.printf(
        "  2. Start %s with the settings they had and empty data directories: they are admitted.%n",
        others);
    out.printf(
        "A disk of theirs that turns up later is of the former group and refused: keep it aside.%n");
  }
}
