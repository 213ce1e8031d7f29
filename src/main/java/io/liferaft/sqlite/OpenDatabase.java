package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * One database file with everything that is open on it. The sentinel is a read-only connection that
 * has read once: closed last, it keeps SQLite from moving the WAL in by itself.
 */
final class OpenDatabase implements AutoCloseable {

  private static final int PAGE_BYTES = 4096;

  private final StoreLayout layout;
  private final FileBorder border;
  final long number;
  final Path path;
  final MainFile main;
  final EntryApplier applier;
  final Checkpointer checkpointer;
  final CopyLeases leases = new CopyLeases();
  private final ChangedUnits changes;
  private final NativeConnection sentinel;
  volatile @Nullable SnapshotRecord record;
  private boolean unfinished;

  private OpenDatabase(
      StoreLayout layout,
      FileBorder border,
      long number,
      @Nullable SnapshotRecord record,
      boolean foreignKeys,
      @Nullable StatementTimer timer)
      throws IOException, SQLException {
    this.layout = layout;
    this.border = border;
    this.number = number;
    this.path = layout.database(number);
    this.record = record;
    this.main = new MainFile(path);
    this.changes = new ChangedUnits(record == null ? 0 : record.sizeBytes());
    this.checkpointer = new Checkpointer(layout, border, main, number, changes);
    this.applier = new EntryApplier(path, foreignKeys, timer);
    try {
      this.sentinel = NativeConnection.read(path);
      sentinel.touch();
    } catch (SQLException e) {
      main.close();
      throw e;
    }
  }

  /** Opens what recovery found, makes a new file where there is none, finishes a checkpoint. */
  static OpenDatabase open(
      StoreLayout layout,
      FileBorder border,
      StoreRecovery.Found found,
      @Nullable StatementTimer timer)
      throws IOException, SQLException {
    Path path = layout.database(found.number());
    if (!Files.exists(path)) {
      border.run("create the database", () -> create(path));
      // SQLite deletes the WAL of an empty file: what a power loss left must never be one.
      border.force(path);
      border.forceFolder(layout.folder());
    }
    SnapshotRecord marker = found.unfinished();
    SnapshotRecord state = marker != null ? marker : found.record();
    OpenDatabase database =
        new OpenDatabase(
            layout,
            border,
            found.number(),
            found.record(),
            state != null && state.foreignKeys(),
            timer);
    if (marker != null) {
      try {
        WalFile.Extent wal =
            new WalFile.Extent(marker.walSalt1(), marker.walSalt2(), marker.walBytes());
        database.record = database.checkpointer.finish(marker.payload(), marker.foreignKeys(), wal);
      } catch (IOException | SQLException | RuntimeException e) {
        database.close();
        throw e;
      }
    }
    return database;
  }

  private static void create(Path path) throws SQLException {
    try (NativeConnection connection = NativeConnection.write(path)) {
      connection.execute("PRAGMA page_size=" + PAGE_BYTES);
      connection.execute("PRAGMA journal_mode=WAL");
    }
  }

  long walBytes() throws IOException {
    Path wal = StoreLayout.wal(path);
    return Files.exists(wal) ? Files.size(wal) : 0;
  }

  DatabaseCopy copy() {
    return leases.lease(
        main,
        changes,
        () -> {
          SnapshotRecord last = record;
          if (last == null) {
            throw new SqliteException("there is no copy before the first checkpoint");
          }
          return last;
        });
  }

  /** Whether a checkpoint stopped half way: nothing may be applied before it is done. */
  boolean unfinished() {
    return unfinished;
  }

  /**
   * Makes the record name the database as it is now, with this payload.
   *
   * @return false when a copy keeps the file, or a reader that nothing can stop
   */
  boolean checkpoint(byte[] payload, ReaderPool readers, SqliteSettings settings)
      throws IOException, SQLException {
    WalFile.Committed wal = checkpointer.committed();
    SnapshotRecord last = record;
    boolean foreignKeys = applier.foreignKeys();
    if (wal.extent().bytes() == 0 && last != null && !unfinished) {
      SnapshotRecord next = last.withPayload(payload, foreignKeys);
      layout.store(border, next);
      record = next;
      return true;
    }
    if (!leases.pause(unfinished || walBytes() > settings.copyWalBytes())) {
      return false;
    }
    if (!readers.pause(settings.readerGrace())) {
      leases.resume();
      if (unfinished) {
        throw new SQLException("a reader does not end, so the checkpoint cannot be finished");
      }
      return false;
    }
    unfinished = true;
    try {
      record = checkpointer.run(payload, foreignKeys, wal);
      unfinished = false;
      leases.resume();
      return true;
    } finally {
      readers.resume();
      if (unfinished) {
        leases.close("a checkpoint of " + path + " has failed and is not finished");
      }
    }
  }

  /** Closes everything without a checkpoint; the sentinel last. */
  @Override
  public void close() {
    leases.close("the database is closed");
    Closer closer = new Closer();
    closer.close(applier);
    closer.close(checkpointer);
    closer.close(sentinel);
    closer.close(main);
    closer.finish();
  }
}
