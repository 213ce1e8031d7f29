package io.liferaft.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code liferaftd bench}: measures one server, or two in turns. */
public final class BenchCommand {

  private final BenchOptions options;
  private final PrintStream progress;
  private final List<Server> servers = new ArrayList<>();

  private BenchCommand(BenchOptions options, PrintStream progress) {
    this.options = options;
    this.progress = progress;
    servers.add(new Server(options.targets(), options.pids()));
    if (!options.others().isEmpty()) {
      servers.add(new Server(options.others(), options.otherPids()));
    }
  }

  /**
   * Runs the command; the result goes to {@code out}, all else to {@code err}.
   *
   * @param words what follows the word {@code bench}
   * @return the exit status
   */
  public static int run(List<String> words, PrintStream out, PrintStream err) {
    if (words.contains("-h") || words.contains("--help")) {
      out.print(BenchOptions.HELP);
      return 0;
    }
    try {
      BenchOptions options = BenchOptions.read(words);
      checkProcesses(options);
      List<Row> rows = new BenchCommand(options, err).measure();
      out.print(options.json() ? Report.json(rows) : Report.table(rows));
      Row useless = rows.stream().filter(Row::onlyErrors).findFirst().orElse(null);
      if (useless == null) {
        return 0;
      }
      err.printf(
          "liferaftd bench: every request of the work %s was answered with an error: try one with curl%n",
          useless.work().word());
    } catch (BenchOptions.Refused e) {
      err.println("liferaftd bench: " + e.getMessage());
      return 2;
    } catch (IOException e) {
      err.println("liferaftd bench: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      err.println("liferaftd bench: interrupted");
    }
    return 1;
  }

  /** Without one of them there would be no CPU time at all, and nobody would know why. */
  private static void checkProcesses(BenchOptions options) {
    Stream.concat(options.pids().stream(), options.otherPids().stream())
        .filter(pid -> ProcessHandle.of(pid).isEmpty())
        .findFirst()
        .ifPresent(pid -> {
          throw new BenchOptions.Refused("there is no process " + pid);
        });
  }

  /**
   * One line of the result: the rounds of each server, of the second one none where there is none.
   */
  record Row(Work work, int connections, List<Figures> rounds, List<Figures> others) {
    Figures figures() {
      return Figures.median(rounds);
    }

    /** Of one of the two, or both. */
    boolean onlyErrors() {
      Figures other = other();
      return figures().onlyErrors() || (other != null && other.onlyErrors());
    }

    @Nullable Figures other() {
      return others.isEmpty() ? null : Figures.median(others);
    }
  }

  private List<Row> measure() throws IOException, InterruptedException {
    for (Server server : servers) {
      server.prepare(options);
    }
    List<Row> rows = new ArrayList<>();
    for (Work work : options.works()) {
      for (Server server : servers) {
        warmUp(server, work);
      }
      for (int connections : options.connections()) {
        rows.add(row(work, connections));
      }
    }
    return rows;
  }

  private void warmUp(Server server, Work work) throws IOException, InterruptedException {
    Duration warmup = options.warmup();
    if (warmup.isPositive()) {
      int most = options.connections().stream().mapToInt(Integer::intValue).max().orElse(1);
      new LoadRound(server, work, most, options).run(warmup);
    }
  }

  private Row row(Work work, int connections) throws IOException, InterruptedException {
    List<List<Figures>> rounds = List.of(new ArrayList<>(), new ArrayList<>());
    for (int round = 1; round <= options.rounds(); round++) {
      for (int i = 0; i < servers.size(); i++) {
        Figures figures =
            new LoadRound(servers.get(i), work, connections, options).run(options.seconds());
        rounds.get(i).add(figures);
        progress.printf(
            "%s, %d connections, round %d of %d, %s: %.0f a second, p99 %.1f ms, %d errors%n",
            work.word(),
            connections,
            round,
            options.rounds(),
            servers.get(i).address(0),
            figures.perSecond(),
            figures.p99Millis(),
            figures.errors());
      }
    }
    return new Row(work, connections, rounds.getFirst(), rounds.getLast());
  }
}
