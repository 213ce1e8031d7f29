package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.sqlite.RandomEntries;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The replicated state, and with it the change index, does not tell how entries were grouped. */
class ReplicaGroupingTests {

  private static final int ENTRIES = 80;

  @TempDir Path folder;

  /** Seeds whose entries would show a group with one that must run alone, or a deferred key. */
  @ParameterizedTest
  @ValueSource(longs = {5, 17, 18})
  void threeNodesThatGroupDifferentlyAgree(long seed) throws IOException {
    List<Replica.Entry> log = log(seed);

    Node single = new Node(log, 1, seed);
    Node grouped = new Node(log, 10, seed);
    Node whole = new Node(log, log.size(), seed);

    assertThat(single.changeIndexes.getLast()).isPositive();
    assertThat(grouped.state).isEqualTo(single.state);
    assertThat(whole.state).isEqualTo(single.state);
    assertThat(single.changeIndexes).containsAll(grouped.changeIndexes);
    assertThat(List.of(grouped.digest, whole.digest)).containsOnly(single.digest);
  }

  /** Some requests alone, some in a batch, with entries of Ratis' own in between. */
  private static List<Replica.Entry> log(long seed) {
    Random random = new Random(seed);
    List<SqlEntry> requests = RandomEntries.of(seed, ENTRIES);
    List<Replica.Entry> log = new ArrayList<>();
    log.add(
        new Replica.Entry(
            1,
            1,
            new LogCommand.ClusterFounded("cluster", "first", List.of("n1=h:1"), false),
            false));
    long index = 1;
    for (int from = 0; from < requests.size(); ) {
      int to = Math.min(requests.size(), from + 1 + Math.max(0, random.nextInt(8) - 4));
      List<LogCommand.Execute> batch =
          requests.subList(from, to).stream().map(ReplicaGroupingTests::execute).toList();
      index += 1 + random.nextInt(2);
      log.add(
          new Replica.Entry(
              1,
              index,
              batch.size() == 1 ? batch.getFirst() : new LogCommand.Batch(batch),
              random.nextBoolean()));
      from = to;
    }
    return log;
  }

  private static LogCommand.Execute execute(SqlEntry entry) {
    List<SqlStatement> statements = new ArrayList<>();
    entry.statements().forEach(statements::add);
    return new LogCommand.Execute(
        statements,
        entry.form(),
        entry.transaction(),
        entry.clockMillis(),
        entry.seed(),
        entry.stepBudget());
  }

  /** What a node came to that applied the log in groups of at most so many entries. */
  private final class Node {
    private final List<Long> changeIndexes = new ArrayList<>();
    private final StatePayload state;
    private final String digest;

    Node(List<Replica.Entry> log, int most, long seed) throws IOException {
      Random random = new Random(seed + most);
      SqliteStore store = new SqliteStore();
      Replica replica = Replica.open(store, folder.resolve("groups-of-" + most));
      try {
        for (int from = 0; from < log.size(); ) {
          int to =
              most == log.size() ? most : Math.min(log.size(), from + 1 + random.nextInt(most));
          List<Applied> applied = new ArrayList<>();
          replica.apply(log.subList(from, to), applied);
          assertThat(applied).hasSize(to - from);
          changeIndexes.add(replica.payload().state().changeIndex());
          if (random.nextInt(6) == 0) {
            assertThat(replica.checkpoint()).isEqualTo(log.get(to - 1).index());
          }
          from = to;
        }
        state = replica.payload();
        digest = store.contentDigest();
      } finally {
        replica.close();
      }
    }
  }
}
