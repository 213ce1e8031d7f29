package io.liferaft.bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What to measure.
 *
 * @param targets {@code host:port} of the nodes of one cluster; connections are spread over them
 * @param others the same of a second cluster, empty for none
 * @param works one row of the result for each of them and of {@code connections}
 * @param rounds of each row and server; medians are printed
 * @param seconds of each round
 * @param warmup before the first round of each work and server
 * @param rate requests a second of all connections together; 0 sends as fast as answers come
 * @param statements of a bulk request
 * @param bytes of the text that a written row holds
 * @param rows that there are to read
 * @param reads of a hundred requests of a mixed work
 * @param sql in place of a work's own statement, each {@code ?} of it a random number up to {@code
 *     rows}; empty for none
 * @param pids processes whose CPU time is divided by the requests, of the first cluster
 * @param otherPids the same of the second cluster
 * @param authorization the header's value, not printed
 * @param json one JSON object instead of a table
 */
record BenchOptions(
    List<String> targets,
    List<String> others,
    List<Work> works,
    List<Integer> connections,
    int rounds,
    Duration seconds,
    Duration warmup,
    int rate,
    int statements,
    int bytes,
    int rows,
    int reads,
    String sql,
    List<Long> pids,
    List<Long> otherPids,
    @Nullable String authorization,
    boolean json) {

  static final String HELP =
      """
      Usage: liferaftd bench [--option=value ...]

        --target=127.0.0.1:4001   the server, or the nodes of one cluster with commas between
        --other=HOST:PORT         a second server of the same API, asked in turns with the first
        --work=write,none         of write, bulk, queued, none, weak, linearizable, strong, mixed,
                                  large
        --connections=1,16,64     one row of the table for each work and number
        --rounds=5                medians of so many
        --seconds=10              of each round
        --warmup=5                seconds before the first round of each work
        --rate=0                  requests a second in all (open loop: latency counts from when a
                                  request was due); 0: each connection waits for its answer (closed loop)
        --statements=100          in a bulk request
        --bytes=16                of text in a written row
        --rows=10000              there are to read; `large` reads all of them
        --reads=90                of a hundred requests of `mixed`, the others write
        --sql=STATEMENT           on your own tables, in place of each work's; every ? is a random
                                  number up to --rows
        --pid=N,... --other-pid=N,...   processes of each server, for CPU time a request
        --user=NAME:PASSWORD
        --json                    with the figures of each round

      Drops and makes the tables liferaft_bench and liferaft_bench_rows on each server, which stay,
      unless there is --sql. Exit status: 0 measured; 1 a server does not answer as it should, or
      answers all of a work's requests with an error; 2 wrong usage.
      """;

  private static final int MOST_CONNECTIONS = 4096;

  /** Thrown for a line that cannot be read: one sentence. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  @Override
  public String toString() {
    return "BenchOptions[targets=%s, others=%s]".formatted(targets, others);
  }

  static BenchOptions read(List<String> words) {
    Words given = new Words(words);
    String user = given.text("user", "");
    BenchOptions options =
        new BenchOptions(
            given.addresses("target", "127.0.0.1:4001"),
            given.addresses("other", ""),
            given.list("work", "write,none").stream().map(BenchOptions::work).toList(),
            given.numbers("connections", "1,16,64", 1, MOST_CONNECTIONS),
            given.number("rounds", "5", 1, 1000),
            Duration.ofSeconds(given.number("seconds", "10", 1, 86_400)),
            Duration.ofSeconds(given.number("warmup", "5", 0, 3600)),
            given.number("rate", "0", 0, 10_000_000),
            given.number("statements", "100", 1, 10_000),
            given.number("bytes", "16", 0, 1_000_000),
            given.number("rows", "10000", 1, 10_000_000),
            given.number("reads", "90", 0, 100),
            given.text("sql", ""),
            given.pids("pid"),
            given.pids("other-pid"),
            user.isEmpty()
                ? null
                : "Basic "
                    + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)),
            given.flag("json"));
    given.refuseTheRest();
    return options;
  }

  private static Work work(String word) {
    return Arrays.stream(Work.values())
        .filter(work -> work.word().equals(word.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() ->
            new Refused(
                "--work=%s: one of %s is wanted"
                    .formatted(
                        word,
                        Arrays.stream(Work.values())
                            .map(Work::word)
                            .collect(Collectors.joining(", ")))));
  }

  /** The words of the line that nobody has asked for yet. */
  private static final class Words {
    private final List<String> left;

    Words(List<String> words) {
      left = new ArrayList<>(words);
    }

    String text(String name, String fallback) {
      String prefix = "--" + name + "=";
      String found = fallback;
      for (String word : List.copyOf(left)) {
        if (word.startsWith(prefix)) {
          found = word.substring(prefix.length());
          left.remove(word);
        }
      }
      return found;
    }

    boolean flag(String name) {
      return left.removeIf(("--" + name)::equals);
    }

    List<String> list(String name, String fallback) {
      return Arrays.stream(text(name, fallback).split(","))
          .map(String::strip)
          .filter(word -> !word.isEmpty())
          .toList();
    }

    int number(String name, String fallback, int least, int most) {
      return number(name, least, most, text(name, fallback));
    }

    private static int number(String name, int least, int most, String word) {
      try {
        int number = Integer.parseInt(word);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Said below, as for one out of range.
      }
      throw new Refused(
          "--%s=%s: a number from %d to %d is wanted".formatted(name, word, least, most));
    }

    List<Integer> numbers(String name, String fallback, int least, int most) {
      return list(name, fallback).stream().map(word -> number(name, least, most, word)).toList();
    }

    List<Long> pids(String name) {
      return list(name, "").stream()
          .map(word -> (long) number(name, 1, Integer.MAX_VALUE, word))
          .toList();
    }

    List<String> addresses(String name, String fallback) {
      List<String> addresses =
          list(name, fallback).stream()
              .map(word -> word.replaceFirst("^http://", "").replaceFirst("/$", ""))
              .toList();
      for (String address : addresses) {
        if (!address.matches("(\\[[^\\]]+\\]|[^:/\\[\\]]+):\\d{1,5}")) {
          throw new Refused(
              "--%s=%s: host:port is wanted, for example 127.0.0.1:4001".formatted(name, address));
        }
      }
      return addresses;
    }

    void refuseTheRest() {
      if (!left.isEmpty()) {
        throw new Refused(
            left.getFirst()
                + ": no such option, or one without =VALUE; liferaftd bench -h lists them");
      }
    }
  }
}
