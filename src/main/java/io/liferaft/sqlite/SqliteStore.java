package io.liferaft.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One node's database: its numbered files in a folder, the record that says which of them counts,
 * the write connection and the readers. Knows nothing of replication: the record carries an opaque
 * payload (log index, replicated state) for the caller.
 *
 * <p>{@link #open}, {@link #apply}, {@link #checkpoint}, {@link #replace} and {@link #close} are
 * called by one thread at a time (the apply thread, or the opener before it starts); everything
 * else by any thread.
 */
public final class SqliteStore implements AutoCloseable {

  /** What a query may take beyond its own limit, waiting for a reader and for a checkpoint. */
  private static final Duration QUERY_GRACE = Duration.ofSeconds(5);

  private final SqliteSettings settings;
  private final @Nullable StatementTimer timer;
  private final FileBorder border;
  private final Clock clock;
  private final AnswerMemory answers = new AnswerMemory(RowReader.MOST_BYTES_OF_A_READ);
  private volatile @Nullable Opened opened;

  /** What is there while the store is open. */
  private record Opened(
      StoreLayout layout,
      FolderLock lock,
      OpenDatabase database,
      ReaderPool readers,
      String version) {}

  /** A closed store with the default limits. */
  public SqliteStore() {
    this(SqliteSettings.defaults(), null);
  }

  /**
   * A closed store.
   *
   * @param timer is told how long statements took; null for nobody
   */
  public SqliteStore(SqliteSettings settings, @Nullable StatementTimer timer) {
    this(settings, timer, new DiskFiles(), Clock.systemUTC());
  }

  /**
   * A closed store.
   *
   * @param timer is told how long statements took; null for nobody
   * @param border through which it changes its files
   */
  public SqliteStore(
      SqliteSettings settings, @Nullable StatementTimer timer, FileBorder border, Clock clock) {
    this.settings = settings;
    this.timer = timer;
    this.border = border;
    this.clock = clock;
  }

  /** Through which its user changes the files that it keeps in the same folder. */
  public FileBorder files() {
    return border;
  }

  /**
   * Locks the folder, recovers from a crash at any line, drops what the log will bring again, and
   * opens the database as of the record (an empty one when there is none). May be called again
   * after {@link #close}.
   *
   * @return the record's payload; empty for a folder without a record
   * @throws SqliteException.FolderInUse when another process (or store) has the folder
   * @throws SqliteException.InvalidDatabase when the database file does not match its record
   *     (somebody opened it with another tool): it has been set aside, the record with it
   */
  public Optional<byte[]> open(Path folder) {
    if (opened != null) {
      throw new IllegalStateException("the store is open");
    }
    StoreLayout layout = new StoreLayout(folder);
    FolderLock lock = null;
    OpenDatabase database = null;
    ReaderPool readers = null;
    try {
      Files.createDirectories(folder);
      lock = FolderLock.acquire(layout.lock());
      StoreRecovery.Found found = new StoreRecovery(layout, border, clock).run();
      database = OpenDatabase.open(layout, border, found, timer);
      readers = new ReaderPool(settings.readers(), database.path);
      String version = readers.call(r -> r.connection().text("SELECT sqlite_version()"));
      opened = new Opened(layout, lock, database, readers, version);
      SnapshotRecord record = database.record;
      return record == null ? Optional.empty() : Optional.of(record.payload().clone());
    } catch (IOException e) {
      throw new SqliteException("cannot open the database in " + folder + ": " + e.getMessage(), e);
    } catch (SQLException e) {
      throw new SqliteException(
          "cannot open the database in " + folder + ": " + SqliteErrors.message(e), e);
    } finally {
      if (opened == null) {
        closeAll(readers, database, lock);
      }
    }
  }

  /**
   * Runs entries in order, grouped into one SQLite transaction where that cannot be seen. When this
   * returns all are committed (durability is the log's); outcomes are in the order of the group.
   *
   * @throws SqliteException.NodeFault when this node, not a statement, failed; see there
   */
  public List<EntryOutcome> apply(List<SqlEntry> group) {
    OpenDatabase database = opened().database();
    if (database.unfinished()) {
      throw new SqliteException.NodeFault(
          "a checkpoint has failed and is not finished: nothing can be applied", true, false, null);
    }
    return database.applier.apply(group);
  }

  /**
   * Whether writes enforce foreign keys from the next entry on. As what {@code PRAGMA foreign_keys}
   * does, it is in the record from the next checkpoint on, and before that the log's.
   *
   * @throws SqliteException.NodeFault when this node failed
   */
  public void enforceForeignKeys(boolean enforce) {
    try {
      opened().database().applier.enforceForeignKeys(enforce);
    } catch (SQLException e) {
      throw new SqliteException.NodeFault(
          "foreign keys cannot be switched: " + SqliteErrors.message(e), true, false, e);
    }
  }

  /**
   * Who is told of every row that writes change, from the next entry on. Being told costs steps of
   * the statements, so all nodes must begin and end with the same entry, whoever is told; and what
   * is told must come from the same entries. Ends with {@link #close}.
   *
   * @param sink null for nobody
   * @throws SqliteException.NodeFault when this node failed
   */
  public void captureChanges(@Nullable ChangeSink sink) {
    try {
      opened().database().applier.captureChanges(sink);
    } catch (SQLException e) {
      throw new SqliteException.NodeFault(
          "the capture of changes cannot be switched: " + SqliteErrors.message(e), true, false, e);
    }
  }

  /**
   * Moves the WAL into the main file and makes the record name it, with this payload; durable on
   * return. Crash-safe at every line. Readers that hold a snapshot are waited for, then
   * interrupted. When it fails nothing can be applied until a checkpoint has succeeded.
   *
   * @return false when it was put off because a {@link DatabaseCopy} is open
   * @throws SqliteException.NodeFault when this node failed
   */
  public boolean checkpoint(byte[] payload) {
    Opened store = opened();
    try {
      return store.database().checkpoint(payload.clone(), store.readers(), settings);
    } catch (IOException e) {
      throw new SqliteException.NodeFault("checkpoint failed: " + e.getMessage(), true, false, e);
    } catch (SQLException e) {
      throw new SqliteException.NodeFault(
          "checkpoint failed: " + SqliteErrors.message(e), true, SqliteErrors.isCorrupt(e), e);
    }
  }

  /**
   * Makes a verified SQLite file (any journal mode, in the same folder) the database, under the
   * next number, with this payload in the record; durable on return. The staged file is consumed.
   * When a crash comes before the record is renamed, the old database is still there and so is the
   * staged file, byte for byte or with its header switched to WAL mode. Open copies of the old file
   * fail, running reads are run again on the new one.
   *
   * @throws SqliteException.InvalidDatabase when SQLite would not open the file: nothing has
   *     changed
   * @throws SqliteException.NodeFault when this node failed; when not {@code clean} the store is
   *     closed
   */
  public void replace(Path staged, byte[] payload) {
    replace(staged, payload, opened().database().applier.foreignKeys());
  }

  /**
   * As {@link #replace(Path, byte[])}, for a file that comes from another node.
   *
   * @param foreignKeys whether writes enforce foreign keys from here on; see {@link
   *     DatabaseCopy#foreignKeys}
   */
  public void replace(Path staged, byte[] payload, boolean foreignKeys) {
    Opened store = opened();
    FileSwitch files = new FileSwitch(store.layout(), border, staged, store.database().number + 1);
    try {
      DatabaseVerifier.checkOpens(staged);
      switchTo(store, files, foreignKeys, payload.clone());
    } catch (IOException e) {
      throw new SqliteException.NodeFault(
          "cannot switch to " + staged + ": " + e.getMessage(), opened != null, false, e);
    } catch (SQLException e) {
      throw new SqliteException.NodeFault(
          "cannot switch to " + staged + ": " + SqliteErrors.message(e), opened != null, false, e);
    }
  }

  private void switchTo(Opened store, FileSwitch files, boolean foreignKeys, byte[] payload)
      throws IOException, SQLException {
    files.stage();
    if (!store.readers().pause(Duration.ZERO)) {
      throw new SQLException("a reader does not end, so the file cannot be switched");
    }
    boolean switched = false;
    boolean done = false;
    try {
      SnapshotRecord record = files.name(foreignKeys, payload);
      switched = true;
      store.readers().reopen(files.next());
      store.database().close();
      files.discard(store.database().path);
      OpenDatabase database =
          OpenDatabase.open(
              store.layout(), border, new StoreRecovery.Found(files.number(), record, null), timer);
      opened = new Opened(store.layout(), store.lock(), database, store.readers(), store.version());
      done = true;
    } finally {
      store.readers().resume();
      if (switched && !done) {
        close();
      }
    }
  }

  /**
   * The bytes of a file as they were before a {@link #replace} that a crash cut short, if they were
   * those of a database that is not in WAL mode.
   */
  public static InputStream beforeReplace(Path staged) throws IOException {
    return FileSwitch.beforeSwitch(staged);
  }

  /**
   * Reads on one of a bounded number of read-only connections. Never changes anything: writes give
   * {@code attempt to change database via query operation}.
   *
   * @param transaction all statements see one snapshot
   * @param timeout per statement; exceeded gives {@code query timeout}
   * @throws SqliteException.TooManyAnswers when other answers held the memory for as long
   */
  public List<SqlResult> query(
      List<SqlStatement> statements, boolean transaction, Duration timeout) {
    Duration limit = timeout.multipliedBy(Math.max(1, statements.size())).plus(QUERY_GRACE);
    long deadline = System.nanoTime() + limit.toNanos();
    AnswerClaim claim = AnswerClaim.of(answers);
    try {
      while (true) {
        try {
          List<SqlResult> results = query(statements, transaction, timeout, limit, claim);
          claim.settle();
          return results;
        } catch (SqliteException.TooManyAnswers _) {
          claim.await(deadline - System.nanoTime()); // no reader waits for memory
        }
      }
    } catch (TimeoutException _) {
      return statements.stream()
          .<SqlResult>map(_ -> new SqlResult.Failed(QueryRunner.TIMEOUT, limit.toNanos()))
          .toList();
    } finally {
      if (!claim.bound()) {
        claim.end();
      }
    }
  }

  private List<SqlResult> query(
      List<SqlStatement> statements,
      boolean transaction,
      Duration timeout,
      Duration limit,
      AnswerClaim claim)
      throws TimeoutException {
    Opened store = opened();
    return store
        .readers()
        .call(
            reader -> {
              reader.foreignKeys(store.database().applier.foreignKeys());
              return new QueryRunner(reader, timeout, timer, claim).run(statements, transaction);
            },
            limit);
  }

  /**
   * Holds an answer that came from another node, as if it had been read here.
   *
   * @throws SqliteException.TooManyAnswers when other answers hold the memory
   */
  public void holdAnswer(List<SqlResult> results) {
    AnswerClaim claim = AnswerClaim.of(answers);
    if (claim.bound()) {
      claim.hold(results);
    }
  }

  /**
   * Waits, after that was refused, for room for about twice as much.
   *
   * @throws SqliteException.TooManyAnswers when there was none in time
   */
  public void awaitAnswerRoom(Duration limit) {
    AnswerClaim.of(answers).await(limit.toNanos());
  }

  /** Bytes of rows in answers that are being read or sent, without those of small ones. */
  public long answerBytes() {
    return answers.taken();
  }

  /**
   * Whether a statement only reads, judged by its first statement as rqlite does; one that does not
   * prepare counts as a write.
   */
  public boolean readOnly(SqlStatement statement) {
    List<SqlPiece> pieces = SqlText.parse(statement.sql()).pieces();
    if (statement.sql().indexOf('\0') >= 0) {
      return false;
    }
    return pieces.isEmpty()
        || opened().readers().call(reader -> QueryRunner.readOnly(reader, pieces.getFirst()));
  }

  /** Whether the text begins or ends a transaction, or a part of one, by itself. */
  public static boolean controlsTransaction(String sql) {
    return SqlText.controlsTransaction(sql);
  }

  /** Whether the text does nothing but insert, update and delete, and returns no row of that. */
  public static boolean answersWithoutRows(String sql) {
    return SqlText.answersWithoutRows(sql);
  }

  /** Whether the text holds a PRAGMA, in any form, that would break the node (rqlite 9.3, 24 B). */
  public static boolean disallowedPragma(String sql) {
    return SqlText.disallowedPragma(sql);
  }

  /** What SQLite's parser says against a text, whatever the schema is; null when it takes it. */
  public static @Nullable String syntaxError(String sql) {
    return SqlText.syntaxError(sql);
  }

  /**
   * The main file as of the last checkpoint, under a lease that puts checkpoints off. Waits while a
   * checkpoint runs.
   *
   * @throws SqliteException when there was no checkpoint yet, or one has failed
   */
  public DatabaseCopy copy() {
    return opened().database().copy();
  }

  /** Whether the schema holds no object but SQLite's own ({@code sqlite_sequence} and the like). */
  public boolean isEmpty() {
    return opened().readers().call(reader -> SchemaFacts.isEmpty(reader.connection()));
  }

  /**
   * Facts for status and metrics; cheap. Before {@link #open} and after {@link #close}: no file.
   */
  public StoreStatus status() {
    Opened store = opened;
    if (store == null) {
      return new StoreStatus(null, 0, 0, "", false);
    }
    OpenDatabase database = store.database();
    try {
      return new StoreStatus(
          database.path,
          size(database.path),
          database.walBytes(),
          store.version(),
          database.applier.foreignKeys());
    } catch (IOException e) {
      throw new SqliteException("cannot look at " + database.path, e);
    }
  }

  private static long size(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException _) {
      return 0; // just replaced
    }
  }

  /**
   * A digest of the content, equal on nodes that applied the same entries although their files
   * differ: schema, rows, row ids, versions. Reads everything; for tests and diagnosis.
   */
  public String contentDigest() {
    return opened().readers().call(reader -> ContentDigest.of(reader.connection()));
  }

  /**
   * The statements of a SQL text file, split as SQLite would, read as they are asked for. Reading
   * fails with {@link SqliteException.InvalidText} where the text is not UTF-8.
   */
  public static Iterable<SqlStatement> statementsOf(Path sqlText) {
    return new SqlTextFile(sqlText, SqlTextFile.UNLIMITED);
  }

  /**
   * As above, but a long statement is never held as a whole: the iterator throws {@link
   * SqliteException.StatementTooLong} instead.
   *
   * @param longest bytes that a statement may have, with the comments before it
   */
  public static Iterable<SqlStatement> statementsOf(Path sqlText, long longest) {
    return new SqlTextFile(sqlText, longest);
  }

  /**
   * Checks that a file is a whole, sound SQLite database: header, size, {@code PRAGMA
   * integrity_check}. Leaves no trace on disk.
   *
   * @return whether it holds no object
   * @throws SqliteException.InvalidDatabase saying what is wrong with it
   */
  public static boolean verify(Path file) throws IOException {
    return DatabaseVerifier.verify(file);
  }

  /**
   * Sets aside the database of a folder, with its record, as {@link #open} does with one that does
   * not match: for one that proved damaged. Only while the store is closed.
   *
   * @param reason what is wrong with it, as the end of a sentence about the file
   * @return what to say about it
   */
  public SqliteException.InvalidDatabase setAside(Path folder, String reason) throws IOException {
    if (opened != null) {
      throw new IllegalStateException("the store is open");
    }
    return new StoreRecovery(new StoreLayout(folder), border, clock).giveUp(reason);
  }

  /**
   * The payload that {@link #open} would find, looked at without changing anything; null for a
   * folder without a record. For a folder that is not open.
   *
   * @throws SqliteException when the database would not be opened
   */
  public static byte @Nullable [] recorded(Path folder) throws IOException {
    SnapshotRecord record = StoreRecovery.look(new StoreLayout(folder));
    return record == null ? null : record.payload().clone();
  }

  /** Closes everything without a checkpoint and unlocks the folder. */
  @Override
  public void close() {
    Opened store = opened;
    opened = null;
    if (store != null) {
      closeAll(store.readers(), store.database(), store.lock());
    }
  }

  private static void closeAll(
      @Nullable ReaderPool readers, @Nullable OpenDatabase database, @Nullable FolderLock lock) {
    Closer closer = new Closer();
    closer.close(readers);
    closer.close(database);
    closer.close(lock);
    closer.finish();
  }

  private Opened opened() {
    Opened store = opened;
    if (store == null) {
      throw new SqliteException("the database is not open");
    }
    return store;
  }
}
