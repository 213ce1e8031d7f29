package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.raft.LogCommand.LoadKind;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The replicated state beside the database: loads, restore, backups, and all of it in the record.
 */
class ReplicaTests {

  private static final long TERM = 3;

  @TempDir Path folder;
  private SqliteStore store = new SqliteStore();
  private @Nullable Replica open;
  private long next;

  @BeforeEach
  void openFresh() throws IOException {
    reopen("node");
  }

  @AfterEach
  void closeOpen() throws IOException {
    replica().close();
  }

  // --- loads ---

  @Test
  void loadsADatabaseUnderANewGeneration() throws Exception {
    applyAll(founded(), sql("CREATE TABLE old(x)"));
    String generation = state().generation();
    byte[] file = database("CREATE TABLE fresh(x)", "INSERT INTO fresh VALUES(1),(2)");

    List<Applied> applied = applyAll(load(7, LoadKind.DATABASE, -1, file, 1000));

    assertThat(applied).hasOnlyElementsOfType(Applied.Done.class);
    assertThat(tables()).containsExactly("fresh");
    assertThat(state().generation()).isNotEqualTo(generation);
    assertThat(state().changeIndex()).isEqualTo(next - 1);
    assertThat(replica().recordIndex()).as("the switch is a record").isEqualTo(next - 1);
    assertThat(stagingFiles()).isEmpty();
  }

  @Test
  void refusesTheCommitOfALoadThatIsNotWhole() throws Exception {
    applyAll(founded(), sql("CREATE TABLE old(x)"));
    byte[] file = database("CREATE TABLE fresh(x)");
    LogCommand[] whole = load(7, LoadKind.DATABASE, -1, file, 1000);
    List<LogCommand> rest = new ArrayList<>(List.of(whole));
    LogCommand _ = rest.remove(2);
    LogCommand[] missing = rest.toArray(LogCommand[]::new);

    List<Applied> applied = applyAll(missing);

    assertThat(applied.getLast()).isInstanceOf(Applied.Refused.class);
    assertThat(tables()).containsExactly("old");
    assertThat(replica().payload().load()).isNull();
  }

  @Test
  void refusesAFileThatIsNoDatabase() throws Exception {
    applyAll(founded(), sql("CREATE TABLE old(x)"));
    byte[] noise = "not a database at all".repeat(300).getBytes(StandardCharsets.UTF_8);

    List<Applied> applied = applyAll(load(7, LoadKind.DATABASE, -1, noise, 1000));

    assertThat(applied.getLast()).isInstanceOf(Applied.Refused.class);
    assertThat(tables()).containsExactly("old");
    assertThat(apply(sql("INSERT INTO old VALUES(1)"))).isInstanceOf(Applied.Sql.class);
  }

  /** Of several chunks, with the hash of the whole and without. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatThisDiskGivesBackIsHeldAgainstWhatWasSent(boolean hashed) throws Exception {
    byte[] content = database("CREATE TABLE big(x)", "INSERT INTO big VALUES(randomblob(3000000))");
    LogCommand[] good = load(1, LoadKind.DATABASE, -1, content, LoadBytes.CHUNK);
    LogCommand[] bad = load(2, LoadKind.DATABASE, -1, content, LoadBytes.CHUNK);
    if (!hashed) {
      good[0] = new LogCommand.LoadBegin(1, LoadKind.DATABASE, -1, content.length, "", true);
      bad[0] = new LogCommand.LoadBegin(2, LoadKind.DATABASE, -1, content.length, "", true);
    }
    assertThat(good).hasSizeGreaterThan(4);
    applyAll(founded());
    assertThat(applyAll(good)).allMatch(Applied.Done.class::isInstance);
    assertThat(tables()).containsExactly("big");

    applyAll(Arrays.copyOf(bad, bad.length - 1));
    flipAByte(staged(), content.length / 2);

    assertThatThrownBy(() -> apply(bad[bad.length - 1]))
        .isInstanceOf(SqliteException.NodeFault.class)
        .hasMessageContaining("the staged file");
  }

  private Path staged() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.getFileName().toString().equals("staging-0000000000000002"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void flipAByte(Path file, long at) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.seek(at);
      int before = open.read();
      open.seek(at);
      open.write(before ^ 1);
    }
  }

  @Test
  void aLaterLoadSupersedesAnOpenOne() throws Exception {
    byte[] first = database("CREATE TABLE first(x)");
    byte[] second = database("CREATE TABLE second(x)");
    LogCommand[] a = load(1, LoadKind.DATABASE, -1, first, 4096);
    LogCommand[] b = load(2, LoadKind.DATABASE, -1, second, 4096);
    applyAll(founded(), a[0], a[1], b[0]);

    assertThat(apply(a[2])).isInstanceOf(Applied.Refused.class);
    assertThat(apply(new LogCommand.LoadAbort(1))).isInstanceOf(Applied.Done.class);
    applyAll(Arrays.copyOfRange(b, 1, b.length));

    assertThat(tables()).containsExactly("second");
  }

  /**
   * Whatever the last record was and wherever the process died after it, replay ends where the
   * uninterrupted run did.
   */
  @Test
  void replayFromAnyRecordGivesTheSameEnd() throws Exception {
    List<LogCommand> history = history();
    List<Applied> expected = applyAll(history.toArray(LogCommand[]::new));
    String digest = store.contentDigest();
    ReplicatedState end = state();
    int last = history.size() - 1;
    int runs = 0;
    for (int record = 0; record <= last; record++) {
      for (int death : new int[] {record, Math.min(record + 2, last)}) {
        String name = "record %d, death %d, run %d".formatted(record, death, ++runs);
        replica().close();
        reopen(name);
        for (int i = 0; i <= death; i++) {
          Applied _ = apply(history.get(i));
          if (i == record) {
            replica().checkpoint();
          }
        }
        replica().close();
        reopen(name);
        for (int i = Math.toIntExact(next); i <= last; i++) {
          assertThat(shape(apply(history.get(i))))
              .as("%s, entry %s", name, i)
              .isEqualTo(shape(expected.get(i)));
        }
        assertThat(store.contentDigest()).as(name).isEqualTo(digest);
        assertThat(state()).as(name).isEqualTo(end);
        assertThat(replica().checkpoint()).isEqualTo(last);
        assertThat(stagingFiles()).as(name).isEmpty();
      }
    }
  }

  private List<LogCommand> history() throws Exception {
    LogCommand[] dropped =
        load(1, LoadKind.DATABASE, -1, database("CREATE TABLE dropped(x)"), 4096);
    byte[] script =
        "CREATE TABLE s(x); INSERT INTO s VALUES(random()); INSERT INTO s SELECT x + 1 FROM s;"
            .getBytes(StandardCharsets.UTF_8);
    LogCommand[] text = load(2, LoadKind.TEXT, -1, script, 40);
    LogCommand[] file =
        load(
            3,
            LoadKind.DATABASE,
            -1,
            database("CREATE TABLE f(x)", "INSERT INTO f VALUES(zeroblob(9000))"),
            5000);
    LogCommand[] given = load(4, LoadKind.DATABASE, -1, database("CREATE TABLE no(x)"), 4096);
    List<LogCommand> history = new ArrayList<>();
    history.add(founded());
    history.add(sql("CREATE TABLE t(x)"));
    history.add(dropped[0]);
    history.add(dropped[1]);
    history.add(text[0]);
    history.add(dropped[2]);
    history.addAll(Arrays.asList(text).subList(1, text.length));
    history.add(sql("INSERT INTO s VALUES(2)"));
    history.addAll(Arrays.asList(file).subList(0, 2));
    history.add(sql("INSERT INTO s VALUES(3)"));
    history.addAll(Arrays.asList(file).subList(2, file.length));
    history.add(sql("INSERT INTO f VALUES(random())"));
    history.addAll(Arrays.asList(given).subList(0, 2));
    history.add(new LogCommand.LoadAbort(4));
    history.add(given[given.length - 1]);
    history.add(sql("INSERT INTO f VALUES(randomblob(4))"));
    return history;
  }

  private static String shape(Applied applied) {
    return switch (applied) {
      case Applied.Refused(var message, _) -> "refused: " + message;
      case Applied.Sql(var outcome) -> "sql " + outcome.changed() + " " + outcome.results().size();
      case Applied.SqlBatch _, Applied.Done _ -> applied.getClass().getSimpleName();
    };
  }

  @Test
  void aClientsLoadWaitsForItsTurn() throws Exception {
    LogCommand.LoadBegin begin =
        (LogCommand.LoadBegin) load(2, LoadKind.DATABASE, -1, database("CREATE TABLE t(x)"), 9)[0];
    LogCommand.LoadBegin polite =
        new LogCommand.LoadBegin(2, begin.kind(), -1, begin.sizeBytes(), begin.sha256(), false);
    applyAll(founded(), load(1, LoadKind.DATABASE, -1, database("CREATE TABLE a(x)"), 9)[0]);

    assertThat(apply(polite))
        .isEqualTo(new Applied.Refused("another load is under way: try again later", true));
    applyAll(new LogCommand.LoadAbort(1));
    assertThat(apply(polite)).isEqualTo(new Applied.Done());
  }

  // --- restore ---

  @Test
  void aRestoreBeginsOnlyInAnEmptyCluster() {
    applyAll(founded(), sql("CREATE TABLE t(x)", "DROP TABLE t"));

    Applied begun = apply(new LogCommand.RestoreBegun("s3://b/k"));

    assertThat(begun).isInstanceOf(Applied.Refused.class);
    assertThat(state().restore())
        .as("a first write counts as the end")
        .isInstanceOf(RestoreRecord.Ended.class);
  }

  @Test
  void clientsAreRefusedWhileARestoreIsUnderWay() throws Exception {
    applyAll(founded(), new LogCommand.RestoreBegun("s3://b/k"));

    assertThat(apply(sql("CREATE TABLE t(x)")))
        .isEqualTo(new Applied.Refused("store not ready", true));
    assertThat(apply(new LogCommand.Batch(List.of(sql("CREATE TABLE t(x)")))))
        .isEqualTo(new Applied.Refused("store not ready", true));
    assertThat(apply(load(1, LoadKind.DATABASE, -1, database("CREATE TABLE t(x)"), 4096)[0]))
        .isEqualTo(new Applied.Refused("store not ready", true));
    assertThat(tables()).isEmpty();
    assertThat(state().changeIndex()).isZero();
  }

  @Test
  void whatAnEarlierAttemptSendsIsIgnored() throws Exception {
    byte[] file = database("CREATE TABLE t(x)");
    Applied _ = apply(founded());
    long first = next;
    Applied _ = apply(new LogCommand.RestoreBegun("s3://b/k"));
    LogCommand[] early = load(1, LoadKind.DATABASE, first, file, 4096);
    applyAll(early[0], early[1]);
    long second = next;
    Applied _ = apply(new LogCommand.RestoreBegun("s3://b/k"));

    for (int i = 2; i < early.length; i++) {
      assertThat(apply(early[i])).isInstanceOf(Applied.Refused.class);
    }
    assertThat(apply(early[0])).isInstanceOf(Applied.Refused.class);
    assertThat(state().restore()).isEqualTo(new RestoreRecord.Begun(second, "s3://b/k"));
    assertThat(tables()).isEmpty();

    applyAll(load(2, LoadKind.DATABASE, second, file, 4096));
    assertThat(tables()).containsExactly("t");
  }

  @Test
  void aRestoredDatabaseIsRecordedAsBackedUpInTheSameEntry() throws Exception {
    Applied _ = apply(founded());
    long attempt = next;
    Applied _ = apply(new LogCommand.RestoreBegun("s3://b/k"));
    LogCommand[] load = load(1, LoadKind.DATABASE, attempt, database("CREATE TABLE t(x)"), 4096);
    LogCommand.LoadCommit commit = (LogCommand.LoadCommit) load[load.length - 1];
    load[load.length - 1] =
        new LogCommand.LoadCommit(
            commit.loadId(),
            commit.chain(),
            commit.clockMillis(),
            commit.seed(),
            0,
            "the backup's cluster",
            backup("dest", "whatever", 99, 99));

    applyAll(load);

    ReplicatedState state = state();
    assertThat(state.clusterId()).isEqualTo("the backup's cluster");
    assertThat(state.restore())
        .isInstanceOfSatisfying(
            RestoreRecord.Ended.class,
            ended -> assertThat(ended.outcome()).isEqualTo(RestoreRecord.Outcome.RESTORED));
    BackupRecord recorded = java.util.Objects.requireNonNull(state.backups().get("dest"));
    assertThat(recorded.generation()).isEqualTo(state.generation());
    assertThat(recorded.changeIndex()).isEqualTo(state.changeIndex());
    reopenFromTheRecord();
    assertThat(state()).isEqualTo(state);
  }

  @Test
  void anEndIsForEver() {
    applyAll(founded(), new LogCommand.RestoreEnded(RestoreRecord.Outcome.NOTHING_THERE, 5));

    assertThat(apply(new LogCommand.RestoreBegun("s3://b/k"))).isInstanceOf(Applied.Refused.class);
    Applied _ = apply(new LogCommand.RestoreEnded(RestoreRecord.Outcome.STARTED_EMPTY, 6));

    assertThat(state().restore())
        .isEqualTo(new RestoreRecord.Ended(RestoreRecord.Outcome.NOTHING_THERE, 5));
  }

  // --- restore in place ---

  private static final long SOON = 1_700_000_000_000L + 60_000;

  /** A cluster that has served clients, with its writes held. */
  private long held(long untilMillis) {
    applyAll(founded(), sql("CREATE TABLE old(x)"));
    long attempt = next;
    assertThat(apply(new LogCommand.WritesHeld(untilMillis))).isEqualTo(new Applied.Done());
    return attempt;
  }

  @Test
  void aHoldRefusesWritesAndClientsLoadsUntilTheRestoreSwitches() throws Exception {
    long attempt = held(SOON);
    Applied refused = new Applied.Refused(Replica.HELD, true);
    LogCommand.Execute mark = new LogCommand.Execute(List.of(), SqlForm.EXECUTE, false, 0, 0, 1);

    assertThat(apply(sql("INSERT INTO old VALUES(1)"))).isEqualTo(refused);
    assertThat(apply(new LogCommand.Batch(List.of(sql("DROP TABLE old"))))).isEqualTo(refused);
    assertThat(apply(load(1, LoadKind.DATABASE, -1, database("CREATE TABLE c(x)"), 4096)[0]))
        .isEqualTo(refused);
    assertThat(apply(mark)).as("a leader's mark").isInstanceOf(Applied.Sql.class);
    assertThat(apply(new LogCommand.WritesHeld(SOON))).isInstanceOf(Applied.Refused.class);
    assertThat(tables()).containsExactly("old");
    replica().checkpoint();
    reopenFromTheRecord();
    assertThat(state().hold()).isEqualTo(new WriteHold(attempt, TERM, SOON));

    String generation = state().generation();
    applyAll(load(2, LoadKind.DATABASE, attempt, database("CREATE TABLE back(x)"), 4096));

    assertThat(tables()).containsExactly("back");
    assertThat(state().hold()).isNull();
    assertThat(state().generation()).isNotEqualTo(generation);
    assertThat(apply(sql("INSERT INTO back VALUES(1)"))).isInstanceOf(Applied.Sql.class);
  }

  @Test
  void aHoldEndsWithTheLeadersWord() throws Exception {
    long attempt = held(SOON);
    LogCommand[] load = load(1, LoadKind.DATABASE, attempt, database("CREATE TABLE back(x)"), 4096);
    applyAll(load[0], load[1], new LogCommand.WritesReleased(attempt + 1));
    assertThat(state().hold()).as("another one's").isNotNull();

    applyAll(new LogCommand.WritesReleased(attempt));

    assertThat(replica().payload().load()).isNull();
    assertThat(apply(sql("INSERT INTO old VALUES(1)"))).isInstanceOf(Applied.Sql.class);
    assertThat(apply(load[load.length - 1])).isInstanceOf(Applied.Refused.class);
  }

  @Test
  void aHoldEndsWithTheTermOfTheLeaderThatHolds() throws Exception {
    long attempt = held(SOON);
    LogCommand[] load = load(1, LoadKind.DATABASE, attempt, database("CREATE TABLE back(x)"), 4096);
    applyAll(Arrays.copyOf(load, load.length - 1));

    replica().skip(TERM + 1, next++);

    assertThat(state().hold()).isNull();
    assertThat(replica().payload().load()).isNull();
    assertThat(apply(load[load.length - 1])).isInstanceOf(Applied.Refused.class);
    assertThat(tables()).containsExactly("old");
  }

  @Test
  void aHoldEndsWithTheFirstWriteAfterItsTimeAndNotBefore() throws Exception {
    long attempt = held(1_700_000_000_000L - 1);
    assertThat(apply(sql("INSERT INTO old VALUES(1)"))).isInstanceOf(Applied.Sql.class);
    LogCommand[] load = load(1, LoadKind.DATABASE, attempt, database("CREATE TABLE back(x)"), 4096);
    assertThat(apply(load[0])).as("what was written stays").isInstanceOf(Applied.Refused.class);

    long second = next;
    applyAll(new LogCommand.WritesHeld(1_700_000_000_000L));
    assertThat(apply(sql("INSERT INTO old VALUES(1)"))).isInstanceOf(Applied.Refused.class);
    applyAll(load(2, LoadKind.DATABASE, second, database("CREATE TABLE back(x)"), 4096));
    assertThat(tables()).containsExactly("back");
  }

  @Test
  void writesAreHeldOnlyAfterTheFirstRestore() {
    applyAll(founded());
    assertThat(apply(new LogCommand.WritesHeld(SOON))).isInstanceOf(Applied.Refused.class);
  }

  // --- backups and the record ---

  @Test
  void aRecordedBackupNeverGoesBack() {
    applyAll(founded(), sql("CREATE TABLE t(x)"));
    String generation = state().generation();
    BackupRecord newer = backup("dest", generation, 20, 4);
    Applied _ = apply(new LogCommand.BackupRecorded(newer));

    assertThat(apply(recorded(backup("dest", generation, 19, 4))))
        .isInstanceOf(Applied.Refused.class);
    assertThat(apply(recorded(backup("dest", generation, 20, 3))))
        .isInstanceOf(Applied.Refused.class);
    assertThat(apply(recorded(backup("dest", "another generation", 30, 4))))
        .isInstanceOf(Applied.Refused.class);
    assertThat(state().backups()).isEqualTo(Map.of("dest", newer));

    BackupRecord elsewhere = backup("other", generation, 1, 1);
    Applied _ = apply(recorded(elsewhere));
    BackupRecord newest = backup("dest", generation, 21, 4);
    Applied _ = apply(recorded(newest));
    assertThat(state().backups()).isEqualTo(Map.of("dest", newest, "other", elsewhere));
  }

  @Test
  void whatADrillFoundChangesNoDatabaseAndStaysUntilALaterOne() {
    applyAll(founded(), sql("CREATE TABLE t(x)"));
    long changed = state().changeIndex();
    String digest = store.contentDigest();
    VerifiedRecord first = drilled("dest", 1000, true);
    VerifiedRecord damaged = drilled("dest", 2000, false);
    VerifiedRecord elsewhere = drilled("other", 1500, false);

    applyAll(verified(first), verified(elsewhere));
    assertThat(state().verified())
        .isEqualTo(
            Map.of(
                "dest", new Verification(first, null),
                "other", new Verification(null, elsewhere)));

    applyAll(verified(damaged));
    assertThat(state().verified()).containsEntry("dest", new Verification(first, damaged));

    VerifiedRecord mended = drilled("dest", 3000, true);
    applyAll(verified(mended));
    assertThat(state().verified()).containsEntry("dest", new Verification(mended, null));
    assertThat(state().changeIndex()).isEqualTo(changed);
    assertThat(state().backups()).isEmpty();
    assertThat(store.contentDigest()).isEqualTo(digest);
  }

  @Test
  void whatDrillsFoundHasItsBounds() {
    applyAll(founded());
    for (int i = 0; i < Verification.MOST; i++) {
      applyAll(verified(drilled("place " + i, i == 5 ? 10 : 1000 + i, true)));
    }
    applyAll(verified(drilled("place 3", 5000, true)));
    assertThat(state().verified()).hasSize(Verification.MOST).containsKey("place 5");

    applyAll(verified(drilled("one more", 5, true)));
    assertThat(state().verified())
        .hasSize(Verification.MOST)
        .containsKeys("one more", "place 3")
        .doesNotContainKey("place 5");

    Applied refused = apply(verified(drilled("x".repeat(3000), 1, true)));
    assertThat(refused).isInstanceOf(Applied.Refused.class);
    assertThat(state().verified()).hasSize(Verification.MOST);
  }

  private static LogCommand verified(VerifiedRecord drilled) {
    return new LogCommand.BackupVerified(drilled);
  }

  private static VerifiedRecord drilled(String destination, long timeMillis, boolean good) {
    return new VerifiedRecord(
        destination, "id", "g", 7, "ab", 4096, timeMillis, 12, good, false, "n2");
  }

  private static LogCommand recorded(BackupRecord backup) {
    return new LogCommand.BackupRecorded(backup);
  }

  @Test
  void theRecordKeepsEverythingWithoutTheLog() throws Exception {
    applyAll(founded(), sql("CREATE TABLE t(x)"));
    applyAll(recorded(backup("dest", state().generation(), 1, TERM)));
    applyAll(verified(drilled("dest", 1000, true)), verified(drilled("dest", 2000, false)));
    LogCommand[] load = load(9, LoadKind.DATABASE, -1, database("CREATE TABLE l(x)"), 4096);
    applyAll(load[0], load[1]);
    StatePayload before = replica().payload();
    assertThat(before.load()).isNotNull();
    assertThat(replica().checkpoint()).isEqualTo(next - 1);

    reopenFromTheRecord();

    assertThat(replica().payload()).isEqualTo(before);
    applyAll(Arrays.copyOfRange(load, 2, load.length));
    assertThat(tables()).containsExactly("l");
  }

  // --- fixture ---

  private Replica replica() {
    return java.util.Objects.requireNonNull(open);
  }

  private ReplicatedState state() {
    return replica().payload().state();
  }

  private void reopen(String name) throws IOException {
    store = new SqliteStore();
    open = Replica.open(store, folder.resolve(name));
    next = state().appliedIndex() + 1;
  }

  private void reopenFromTheRecord() throws IOException {
    replica().close();
    reopen("node");
  }

  private Applied apply(LogCommand command) {
    return applyAll(command).getFirst();
  }

  private List<Applied> applyAll(LogCommand... commands) {
    List<Applied> all = new ArrayList<>();
    for (LogCommand command : commands) {
      List<Applied> applied = new ArrayList<>();
      try {
        replica().apply(List.of(new Replica.Entry(TERM, next, command, true)), applied);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      next++;
      all.addAll(applied);
    }
    return all;
  }

  private List<String> tables() {
    List<String> names = new ArrayList<>();
    io.liferaft.sqlite.SqlResult result =
        store
            .query(
                List.of(SqlStatement.of("SELECT name FROM sqlite_schema ORDER BY 1")),
                false,
                java.time.Duration.ofSeconds(5))
            .getFirst();
    assertThat(result).isInstanceOf(io.liferaft.sqlite.SqlResult.Rows.class);
    ((io.liferaft.sqlite.SqlResult.Rows) result)
        .values()
        .forEach(row -> names.add(String.valueOf(row[0])));
    return names;
  }

  private List<String> stagingFiles() throws IOException {
    Path file = java.util.Objects.requireNonNull(store.status().file());
    try (Stream<Path> files = Files.list(java.util.Objects.requireNonNull(file.getParent()))) {
      return files
          .map(found -> found.getFileName().toString())
          .filter(name -> name.startsWith("staging"))
          .toList();
    }
  }

  private static LogCommand founded() {
    return new LogCommand.ClusterFounded("cluster", "generation", List.of("n1=h:1"), false);
  }

  private static LogCommand.Execute sql(String... statements) {
    return new LogCommand.Execute(
        Stream.of(statements).map(SqlStatement::of).toList(),
        SqlForm.EXECUTE,
        false,
        1_700_000_000_000L,
        42,
        1_000_000);
  }

  private static BackupRecord backup(String destination, String generation, long index, long term) {
    return new BackupRecord(destination, generation, index, "ab", 4096, "etag", null, term, 1);
  }

  /** Begin, chunks, commit. */
  private static LogCommand[] load(
      long id, LoadKind kind, long attempt, byte[] content, int chunkBytes) {
    List<LogCommand> commands = new ArrayList<>();
    String sha256 = HexFormat.of().formatHex(OpenLoad.newSha256().digest(content));
    commands.add(new LogCommand.LoadBegin(id, kind, attempt, content.length, sha256, true));
    String chain = "";
    for (int offset = 0; offset < content.length; offset += chunkBytes) {
      byte[] chunk =
          Arrays.copyOfRange(content, offset, Math.min(offset + chunkBytes, content.length));
      chain = OpenLoad.chain(chain, chunk);
      commands.add(
          new LogCommand.LoadChunk(
              id, offset, chunk.length, Packing.ZSTD, LoadBytes.pack(chunk, Packing.ZSTD)));
    }
    commands.add(
        new LogCommand.LoadCommit(id, chain, 1_700_000_000_000L, id, 1_000_000, null, null));
    return commands.toArray(LogCommand[]::new);
  }

  /** A database file of at least three chunks of 4096 bytes. */
  private byte[] database(String... statements) throws IOException, SQLException {
    Path file = Files.createTempFile(folder, "made", ".sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.executeUpdate(sql);
      }
    }
    return Files.readAllBytes(file);
  }
}
