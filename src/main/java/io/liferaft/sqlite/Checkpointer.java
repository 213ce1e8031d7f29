package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Moves the WAL of one database file into it and makes the record name the result. The order of the
 * steps is what makes a crash between any two of them harmless; see the package's description.
 */
final class Checkpointer implements AutoCloseable {

  private final StoreLayout layout;
  private final FileBorder border;
  private final MainFile main;
  private final long number;
  private final ChangedUnits changes;
  private @Nullable NativeConnection connection;

  Checkpointer(
      StoreLayout layout, FileBorder border, MainFile main, long number, ChangedUnits changes) {
    this.layout = layout;
    this.border = border;
    this.main = main;
    this.number = number;
    this.changes = changes;
  }

  /** The committed part of the WAL; nothing may be written meanwhile. */
  WalFile.Committed committed() throws IOException {
    return WalFile.committed(StoreLayout.wal(main.path()));
  }

  /** All steps. No read transaction and no copy may be open, nothing may be applied meanwhile. */
  SnapshotRecord run(byte[] payload, boolean foreignKeys, WalFile.Committed committed)
      throws IOException, SQLException {
    WalFile.Extent wal = committed.extent();
    if (wal.bytes() > 0) {
      border.force(StoreLayout.wal(main.path()));
      // Its name too: a marker without its WAL could not be finished.
      border.forceFolder(layout.folder());
      SnapshotRecord marker =
          new SnapshotRecord(
              number,
              main.size(),
              "",
              0,
              wal.salt1(),
              wal.salt2(),
              wal.bytes(),
              foreignKeys,
              payload);
      border.write(layout.newMarker(), marker.encode());
      border.rename(layout.newMarker(), layout.marker());
      border.forceFolder(layout.folder());
    }
    changes.mark(committed.units());
    return finish(payload, foreignKeys, wal);
  }

  /**
   * The steps behind the marker, which may have been taken in part before. When they finish what
   * another process began, no copy was taken before them: what they change is not marked.
   */
  SnapshotRecord finish(byte[] payload, boolean foreignKeys, WalFile.Extent wal)
      throws IOException, SQLException {
    if (wal.bytes() > 0) {
      border.run("move the WAL in", this::moveIn);
    }
    border.force(main.descriptor(), main.path());
    SnapshotRecord record =
        new SnapshotRecord(
            number,
            main.size(),
            main.headerHash(),
            MainFile.modifiedNanos(main.path()),
            wal.salt1(),
            wal.salt2(),
            0,
            foreignKeys,
            payload);
    layout.store(border, record);
    changes.checkpointed(record.sizeBytes());
    border.delete(layout.marker());
    // Beside a later record the marker would stand for a checkpoint that was not finished.
    border.forceFolder(layout.folder());
    if (wal.bytes() > 0) {
      border.run("truncate the WAL", () -> connection().execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    return record;
  }

  private void moveIn() throws SQLException {
    try (PreparedSql checkpoint = connection().prepare("PRAGMA wal_checkpoint(PASSIVE)")) {
      checkpoint.step();
      long busy = checkpoint.longAt(0);
      long log = checkpoint.longAt(1);
      long moved = checkpoint.longAt(2);
      if (busy != 0 || log != moved || log < 0) {
        throw new SQLException(
            "checkpoint of " + main.path() + " moved " + moved + " of " + log + " pages");
      }
    }
  }

  private NativeConnection connection() throws SQLException {
    NativeConnection open = connection;
    if (open == null) {
      Path file = main.path();
      open = NativeConnection.checkpoint(file);
      open.touch();
      connection = open;
    }
    return open;
  }

  @Override
  public void close() throws SQLException {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }
}
