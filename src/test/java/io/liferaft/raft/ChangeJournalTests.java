package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.RowChange;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Every node keeps the same changes of the same entries, whatever happens to it. */
@Execution(ExecutionMode.CONCURRENT)
class ChangeJournalTests {

  /** Keeps changes as text with the index of their entry, as long as the test lasts. */
  private static final class Memory implements ChangeJournal {
    private final List<String> changes = new ArrayList<>();
    private int published;
    private boolean forced = true;
    private boolean full;

    @Override
    public synchronized void begin(Path folder, long index, boolean continues) {
      changes.removeIf(change -> Long.parseLong(change.replaceAll(" .*", "")) > index);
      published = changes.size();
    }

    @Override
    public boolean wants(String table) {
      return true;
    }

    @Override
    public synchronized long position() {
      return changes.size();
    }

    @Override
    public synchronized void add(SqlEntry entry, RowChange change) {
      changes.add(entry.index() + " " + change);
    }

    @Override
    public synchronized void back(long position) {
      while (changes.size() > position) {
        changes.removeLast();
      }
    }

    @Override
    public void cut() {}

    @Override
    public synchronized void flush() throws IOException {
      if (full) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public synchronized void publish() {
      forced &= published == changes.size();
      published = changes.size();
    }

    @Override
    public synchronized void force() {
      forced = true;
    }

    synchronized void full(boolean now) {
      full = now;
    }

    synchronized List<String> changes() {
      return List.copyOf(changes);
    }

    synchronized boolean forced() {
      return forced;
    }
  }

  private static final long ALL = 1 << 30;

  @TempDir Path folder;
  private final List<Memory> journals = List.of(new Memory(), new Memory(), new Memory());
  private @Nullable TestCluster cluster;

  private void start(int size) {
    // a node that is sent the leader's copy for entries it missed has no changes of them
    cluster = TestCluster.of(folder, size).withTrailingLog(ALL);
    for (int i = 0; i < size; i++) {
      cluster().node(i + 1).withJournal(journals.get(i));
    }
    cluster().startAll();
  }

  @AfterEach
  void close() {
    cluster().close();
  }

  private TestCluster cluster() {
    return Objects.requireNonNull(cluster);
  }

  private TestCluster.Node leader() {
    return cluster().awaitLeader();
  }

  @Test
  void capturesFromTheEntryThatSaysSoToTheOneThatEndsIt() {
    start(1);
    leader().execute("CREATE TABLE t(a)", "INSERT INTO t VALUES(1)");
    assertThat(journals.getFirst().changes()).isEmpty();

    leader().raft().captureChanges(true);
    long index = leader().execute("INSERT INTO t VALUES(2)").raftIndex();
    leader().raft().captureChanges(false);
    leader().execute("INSERT INTO t VALUES(3)");

    assertThat(journals.getFirst().changes())
        .hasSize(1)
        .allMatch(change -> change.startsWith(index + " ") && change.contains("[2]"));
  }

  @Test
  void theMarkOfWhatWasDeliveredOnlyRises() {
    start(1);
    leader().raft().recordDelivered(7);
    leader().raft().recordDelivered(5);
    assertThat(leader().raft().state().changes()).isEqualTo(new ChangesRecord(false, -1, 7));
    leader().raft().captureChanges(true);
    long since = leader().raft().state().changes().sinceIndex();
    assertThat(since).isPositive();
    leader().raft().captureChanges(true);
    leader().crash();
    cluster().node(1).start();
    cluster().awaitServing();

    assertThat(leader().raft().state().changes()).isEqualTo(new ChangesRecord(true, since, 7));
  }

  @Test
  void everyNodeHasTheSameAlsoAfterCrashesAndANewLeader() {
    start(3);
    leader().raft().captureChanges(true);
    leader().execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    write(0, 20);
    TestCluster.Node crashed = cluster().follower();
    crashed.crash();
    write(20, 40);
    crashed.start();
    cluster().awaitServing();
    boolean _ = leader().raft().snapshot(TestCluster.TIMEOUT);
    write(40, 60);
    cluster().moveLeadership();
    write(60, 80);
    TestCluster.Node former = leader();
    former.crash();
    write(80, 90);
    former.start();
    cluster().awaitServing();
    cluster().assertEqualContents();

    assertThat(journals.get(0).changes()).hasSize(90).doesNotHaveDuplicates();
    assertThat(journals.get(1).changes()).isEqualTo(journals.get(0).changes());
    assertThat(journals.get(2).changes()).isEqualTo(journals.get(0).changes());
  }

  private void write(int from, int to) {
    for (int i = from; i < to; i++) {
      leader().execute("INSERT INTO t VALUES(" + i + ", random())");
    }
  }

  @Test
  void aCheckpointNeverGetsAheadOfTheJournal() {
    start(1);
    leader().raft().captureChanges(true);
    leader().execute("CREATE TABLE t(a)", "INSERT INTO t VALUES(1)");
    assertThat(journals.getFirst().forced()).isFalse();

    assertThat(leader().raft().snapshot(TestCluster.TIMEOUT)).isTrue();

    assertThat(journals.getFirst().forced()).isTrue();
  }

  @Test
  void aLeaderThatCannotKeepChangesStepsAsideAndLosesNone() {
    start(3);
    leader().raft().captureChanges(true);
    leader().execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    write(0, 10);
    TestCluster.Node sick = leader();
    Memory journal = journals.get(cluster().nodes().indexOf(sick));
    journal.full(true);

    assertThatThrownBy(() -> sick.execute("INSERT INTO t VALUES(10, 10)"))
        .as("it is in the log")
        .isInstanceOf(CommitUnknownException.class);
    Waiting.await("another node leads").until(() -> leader() != sick);
    assertThat(sick.raft().status().problem())
        .contains("the changes of an entry could not be queued: No space left on device");
    write(11, 20);
    assertThat(journal.changes()).hasSize(10);
    journal.full(false);
    Waiting.await("it works again").until(() -> sick.raft().status().problem() == null);
    cluster().assertEqualContents();

    assertThat(journals.get(0).changes()).hasSize(20).doesNotHaveDuplicates();
    assertThat(journals.get(1).changes()).isEqualTo(journals.get(0).changes());
    assertThat(journals.get(2).changes()).isEqualTo(journals.get(0).changes());
  }

  @Test
  void aNodeWithoutAJournalAppliesTheSame() {
    cluster = TestCluster.of(folder, 3);
    cluster().node(1).withJournal(journals.get(0));
    cluster().startAll();
    leader().raft().captureChanges(true);
    leader().execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES(1, 2)");
    cluster().assertEqualContents();

    Waiting.await("the change").until(() -> journals.get(0).changes().size() == 1);
    assertThat(Stream.of(1, 2).map(i -> journals.get(i).changes())).allMatch(List::isEmpty);
  }
}
