package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChangedUnitsTests {

  private static final int UNIT = DatabaseCopy.UNIT_BYTES;
  private static final byte[] PAYLOAD = {1};

  /** Its pages are freed in the same transaction, so that the file grows by unused ones. */
  private static final String ADDED_AND_FREED = "CREATE TABLE v AS SELECT randomblob(20000) FROM t";

  /** More than SQLite keeps in memory: a part is in the WAL when the transaction is given up. */
  private static final String ROLLED_BACK = "INSERT INTO t(b) VALUES(randomblob(2500000))";

  /** By one page, if there is an unused one and the file can do it. */
  private static final String CUT = "PRAGMA incremental_vacuum(1)";

  @TempDir Path folder;
  private final FailingDisk disk = new FailingDisk();
  private final SqliteStore store = disk.store();

  /** What a copy was, for comparing with later ones. */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
  private record Taken(FilePosition position, byte[] bytes) {}

  @AfterEach
  void close() {
    store.close();
  }

  private void apply(SqlEntry entry) {
    EntryOutcome outcome = store.apply(List.of(entry)).getFirst();
    assertThat(Entries.show(outcome)).doesNotContain("failed");
  }

  private void checkpoint() {
    assertThat(store.checkpoint(PAYLOAD)).isTrue();
  }

  private FilePosition position() {
    try (DatabaseCopy copy = store.copy()) {
      return Objects.requireNonNull(copy.position());
    }
  }

  private Optional<BitSet> changedSince(FilePosition earlier) {
    try (DatabaseCopy copy = store.copy()) {
      return copy.changedSince(earlier);
    }
  }

  /** A database with one table, of a page size that the store does not choose by itself. */
  private void load(int pageBytes, int autoVacuum) throws SQLException {
    Path staged = folder.resolve("staged");
    try (NativeConnection other = NativeConnection.write(staged)) {
      other.execute("PRAGMA page_size=" + pageBytes);
      other.execute("PRAGMA auto_vacuum=" + autoVacuum);
      other.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
      other.execute("INSERT INTO t(b) VALUES(randomblob(900000))");
    }
    store.replace(staged, PAYLOAD);
  }

  private static String insert(int rows, int bytes) {
    return "INSERT INTO t(b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT "
        + rows
        + ") SELECT randomblob("
        + bytes
        + ") FROM n";
  }

  @ParameterizedTest
  @CsvSource({"512, 0", "512, 2", "4096, 0", "4096, 1", "4096, 2", "65536, 0", "65536, 2"})
  void noUnitThatDiffersIsLeftOut(int pageBytes, int autoVacuum) throws Exception {
    int spared = 0;
    int shorter = 0;
    for (long seed : new long[] {11, 22, 33}) {
      Random random = new Random(seed * 100_000 + pageBytes + autoVacuum);
      String run = "seed " + seed + ", pages of " + pageBytes + ", auto_vacuum " + autoVacuum;
      store.open(folder);
      load(pageBytes, autoVacuum);
      List<Taken> earlier = new ArrayList<>();
      for (int i = 0; i < 13; i++) {
        if (i == 7) {
          apply(execute("DELETE FROM t WHERE a % 2 = 1", "VACUUM"));
        }
        if (i > 0) {
          changeAndCheckpoint(random);
        }
        try (DatabaseCopy copy = store.copy()) {
          Taken now = take(copy);
          for (Taken before : earlier) {
            spared += compare(before, now, copy, run + ", copy " + i);
            shorter += now.bytes().length < before.bytes().length ? 1 : 0;
          }
          earlier.add(now);
        }
      }
      store.close();
    }
    assertThat(spared).isPositive();
    assertThat(shorter).isPositive();
  }

  private static Taken take(DatabaseCopy copy) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) copy.sizeBytes());
    assertThat(copy.read(0, bytes)).isEqualTo(bytes.capacity());
    return new Taken(Objects.requireNonNull(copy.position()), bytes.array());
  }

  /** How many units need not be read. */
  private static int compare(Taken before, Taken now, DatabaseCopy copy, String run) {
    Optional<BitSet> known = copy.changedSince(before.position());
    if (!before.position().file().equals(now.position().file())) {
      assertThat(known).as(run).isEmpty();
      return 0;
    }
    BitSet changed = known.orElseThrow();
    int units = Math.ceilDiv(now.bytes().length, UNIT);
    assertThat(changed.length()).as(run).isLessThanOrEqualTo(units);
    List<Integer> leftOut = new ArrayList<>();
    for (int unit = 0; unit < units; unit++) {
      if (!changed.get(unit) && !Arrays.equals(unit(before, unit), unit(now, unit))) {
        leftOut.add(unit);
      }
    }
    assertThat(leftOut).as("%s: %s to %s", run, before.position(), now.position()).isEmpty();
    return units - changed.cardinality();
  }

  private static byte[] unit(Taken taken, int unit) {
    int from = Math.min(unit * UNIT, taken.bytes().length);
    return Arrays.copyOfRange(taken.bytes(), from, Math.min(from + UNIT, taken.bytes().length));
  }

  /** The checkpoint may fail at any step, to be repeated or to be finished by the next start. */
  private void changeAndCheckpoint(Random random) {
    int changes = random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      change(random);
    }
    if (random.nextInt(3) == 0) {
      disk.failAtStep(1 + random.nextInt(14));
      try {
        store.checkpoint(PAYLOAD);
      } catch (SqliteException.NodeFault _) {
        if (random.nextInt(3) == 0) {
          store.close();
          disk.work();
          store.open(folder);
          return;
        }
      }
      disk.work();
    }
    checkpoint();
  }

  private void change(Random random) {
    String row = "(SELECT a FROM t WHERE a >= " + random.nextInt(100) + " ORDER BY a LIMIT 1)";
    String blob = "randomblob(" + (1 + random.nextInt(60_000)) + ")";
    String sql =
        switch (random.nextInt(13)) {
          case 0 -> insert(1 + random.nextInt(60), 1 + random.nextInt(6_000));
          case 1, 2, 3 -> "UPDATE t SET b = randomblob(length(b)) WHERE a = " + row;
          case 4 -> "UPDATE t SET b = b || " + blob + " WHERE a = " + row;
          case 5 -> "DELETE FROM t WHERE a >= " + row + " AND a < 20 + " + row;
          case 6 -> "CREATE TABLE IF NOT EXISTS u AS SELECT b FROM t LIMIT 9";
          case 7 -> "DROP TABLE IF EXISTS u";
          case 8 -> "VACUUM";
          case 9 -> CUT;
          case 10 -> "PRAGMA user_version=" + random.nextInt(99);
          case 11 -> ADDED_AND_FREED;
          default -> ROLLED_BACK;
        };
    long seed = random.nextLong();
    switch (sql) {
      case ADDED_AND_FREED ->
          apply(Entries.entry(SqlForm.EXECUTE, true, seed, sql, "DROP TABLE v"));
      case CUT -> apply(cut(1 + random.nextInt(40)));
      case ROLLED_BACK -> {
        SqlEntry entry = Entries.entry(SqlForm.EXECUTE, true, seed, sql, "DELETE FROM nowhere");
        assertThat(Entries.show(store.apply(List.of(entry)).getFirst())).contains("failed");
      }
      default -> apply(Entries.entry(SqlForm.EXECUTE, false, seed, sql));
    }
  }

  private static SqlEntry cut(int pages) {
    return execute(Collections.nCopies(pages, CUT).toArray(String[]::new));
  }

  @Test
  void oneChangedRowOfALargeFileIsAFewUnits() {
    store.open(folder);
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", insert(2_200, 3_900)));
    checkpoint();
    FilePosition before = position();
    apply(execute("UPDATE t SET b = randomblob(3900) WHERE a = 1500"));
    checkpoint();

    try (DatabaseCopy copy = store.copy()) {
      assertThat(copy.sizeBytes()).isGreaterThan(8_000_000);
      assertThat(copy.changedSince(before)).get().extracting(BitSet::cardinality).isIn(1, 2, 3, 4);
      assertThat(copy.changedSince(Objects.requireNonNull(copy.position()))).hasValue(new BitSet());
    }
  }

  @Test
  void theUnitThatTheNewEndCutsHasChanged() throws Exception {
    store.open(folder);
    load(4096, 2);
    apply(execute("INSERT INTO t(b) VALUES(randomblob(500000))"));
    checkpoint();
    apply(execute("DELETE FROM t WHERE a = 2"));
    checkpoint();
    Taken before;
    try (DatabaseCopy copy = store.copy()) {
      before = take(copy);
    }

    apply(cut(5));
    checkpoint();

    try (DatabaseCopy copy = store.copy()) {
      Taken now = take(copy);
      assertThat(now.bytes()).hasSize(before.bytes().length - 5 * 4096);
      assertThat(now.bytes().length % UNIT).isPositive();
      assertThat(compare(before, now, copy, "cut")).isPositive();
    }
  }

  @Test
  void aCopyStaysWhereItIsWhileWritesGoOn() {
    store.open(folder);
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)"));
    checkpoint();
    try (DatabaseCopy copy = store.copy()) {
      FilePosition position = Objects.requireNonNull(copy.position());
      apply(execute(insert(300, 1_000)));
      assertThat(store.checkpoint(PAYLOAD)).isFalse();

      assertThat(copy.position()).isEqualTo(position);
      assertThat(copy.changedSince(position)).hasValue(new BitSet());
    }
  }

  @Test
  void aCheckpointOfNothingChangesNothing() {
    store.open(folder);
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)"));
    checkpoint();
    FilePosition before = position();

    checkpoint();

    assertThat(changedSince(before)).hasValue(new BitSet());
  }

  @Test
  void positionsOfAnotherOpeningOrOfTheFutureSayNothing() throws SQLException {
    store.open(folder);
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)"));
    checkpoint();
    FilePosition first = position();
    assertThat(changedSince(new FilePosition(first.file(), first.checkpoint() + 1))).isEmpty();

    store.close();
    store.open(folder);
    FilePosition second = position();
    assertThat(second.file()).isNotEqualTo(first.file());
    assertThat(changedSince(first)).isEmpty();
    assertThat(changedSince(second)).hasValue(new BitSet());

    load(4096, 0);
    assertThat(position().file()).isNotEqualTo(second.file());
    assertThat(changedSince(second)).isEmpty();
  }

  @Test
  void aCheckpointThatTheStartFinishesIsOfAnotherOpening() {
    store.open(folder);
    apply(execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", insert(900, 1_000)));
    checkpoint();
    FilePosition before = position();
    apply(execute("DELETE FROM t", "VACUUM"));
    disk.failAtStep(8);
    assertThatThrownBy(() -> store.checkpoint(PAYLOAD))
        .isInstanceOf(SqliteException.NodeFault.class);
    store.close();
    disk.work();
    store.open(folder);
    FilePosition finished = position();
    assertThat(changedSince(before)).isEmpty();

    apply(execute(insert(900, 1_000)));
    checkpoint();

    try (DatabaseCopy copy = store.copy()) {
      BitSet changed = copy.changedSince(finished).orElseThrow();
      assertThat(changed.cardinality()).isEqualTo(Math.ceilDiv((int) copy.sizeBytes(), UNIT));
    }
  }

  @Test
  void copiesOfOtherFilesHaveNoPosition() {
    DatabaseCopy other =
        new DatabaseCopy() {
          @Override
          public byte[] payload() {
            return PAYLOAD.clone();
          }

          @Override
          public long sizeBytes() {
            return 0;
          }

          @Override
          public int read(long offset, ByteBuffer into) {
            return -1;
          }

          @Override
          public void close() {
            // nothing is open
          }
        };

    assertThat(other.position()).isNull();
    assertThat(other.changedSince(new FilePosition("f", 0))).isEmpty();
    assertThatThrownBy(() -> new FilePosition("f", -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static BitSet units(int... units) {
    BitSet set = new BitSet();
    Arrays.stream(units).forEach(set::set);
    return set;
  }

  private static Optional<BitSet> since(ChangedUnits changes, FilePosition earlier, long bytes) {
    return changes.between(earlier, changes.position(), bytes);
  }

  @Test
  void aPageIsInOneUnit() {
    assertThat(ChangedUnits.holding(1, 512)).isZero();
    assertThat(ChangedUnits.holding(128, 512)).isZero();
    assertThat(ChangedUnits.holding(129, 512)).isEqualTo(1);
    assertThat(ChangedUnits.holding(16, 4096)).isZero();
    assertThat(ChangedUnits.holding(17, 4096)).isEqualTo(1);
    assertThat(ChangedUnits.holding(9, 65_536)).isEqualTo(8);
    assertThat(ChangedUnits.holding(0xFFFF_FFFEL, 4096)).isEqualTo(0xFFF_FFFF);
  }

  @Test
  void marksOfAFailedCheckpointCountForTheOneThatSucceeds() {
    ChangedUnits changes = new ChangedUnits(10 * UNIT);
    FilePosition before = changes.position();
    changes.mark(units(3));
    changes.mark(units(5));
    changes.checkpointed(10 * UNIT);
    FilePosition between = changes.position();
    changes.mark(units(5, 9));
    changes.checkpointed(10 * UNIT);

    assertThat(since(changes, before, 10 * UNIT)).hasValue(units(3, 5, 9));
    assertThat(since(changes, between, 10 * UNIT)).hasValue(units(5, 9));
  }

  @Test
  void allThatIsAddedHasChanged() {
    ChangedUnits changes = new ChangedUnits(3 * UNIT + 1);
    FilePosition before = changes.position();
    changes.checkpointed(6 * UNIT);
    FilePosition even = changes.position();
    changes.checkpointed(6 * UNIT + 512);

    assertThat(since(changes, before, 6 * UNIT + 512)).hasValue(units(3, 4, 5, 6));
    assertThat(since(changes, even, 6 * UNIT + 512)).hasValue(units(6));
  }

  @Test
  void allThatIsCutOffHasChanged() {
    ChangedUnits changes = new ChangedUnits(6 * UNIT);
    FilePosition before = changes.position();
    changes.mark(units(4));
    changes.checkpointed(2 * UNIT + 512);
    FilePosition cut = changes.position();
    assertThat(since(changes, before, 2 * UNIT + 512)).hasValue(units(2));
    changes.checkpointed(6 * UNIT);

    assertThat(since(changes, before, 6 * UNIT)).hasValue(units(2, 3, 4, 5));
    assertThat(since(changes, cut, 6 * UNIT)).hasValue(units(2, 3, 4, 5));
  }
}
