package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Brings a folder back to what its record names, whatever line a crash came at. */
final class StoreRecovery {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /**
   * What the folder holds now.
   *
   * @param number of the database file to open
   * @param record that names it; null when there is none yet
   * @param unfinished the marker of a checkpoint that must be finished once the file is open
   */
  record Found(long number, @Nullable SnapshotRecord record, @Nullable SnapshotRecord unfinished) {}

  private final StoreLayout layout;
  private final FileBorder border;
  private final Clock clock;

  StoreRecovery(StoreLayout layout, FileBorder border, Clock clock) {
    this.layout = layout;
    this.border = border;
    this.clock = clock;
  }

  Found run() throws IOException {
    border.delete(layout.newRecord());
    border.delete(layout.newMarker());
    SnapshotRecord record = read(layout.record());
    SnapshotRecord marker = read(layout.marker());
    if (marker != null && record != null && finished(marker, record)) {
      border.delete(layout.marker());
      border.forceFolder(layout.folder());
      marker = null;
    }
    if (marker != null) {
      return unfinished(record, marker);
    }
    if (record == null) {
      deleteOthers(null);
      return new Found(1, null, null);
    }
    Path database = layout.database(record.file());
    String difference = difference(database, record);
    if (difference != null) {
      throw setAside(database, difference);
    }
    deleteOthers(database);
    deleteOtherNames(database);
    // The log brings again whatever was not in the main file.
    border.delete(StoreLayout.wal(database));
    border.delete(StoreLayout.shm(database));
    border.delete(StoreLayout.journal(database));
    return new Found(record.file(), record, null);
  }

  /**
   * The record that counts, after the checks of {@link #run} and without touching anything. While a
   * checkpoint is unfinished that is the one before it: the log has all that came since.
   */
  static @Nullable SnapshotRecord look(StoreLayout layout) throws IOException {
    SnapshotRecord record = read(layout.record());
    SnapshotRecord marker = read(layout.marker());
    boolean unfinished = marker != null && (record == null || !finished(marker, record));
    if (unfinished && marker != null) {
      Path database = layout.database(marker.file());
      if (!Files.exists(database) || !WalFile.reaches(StoreLayout.wal(database), extent(marker))) {
        throw new SqliteException(
            "an unfinished checkpoint of " + database + " cannot be finished");
      }
    } else if (record != null) {
      Path database = layout.database(record.file());
      String difference = difference(database, record);
      if (difference != null) {
        throw new SqliteException(
            database
                + " does not match its record: "
                + difference
                + ". Another program has changed it");
      }
    }
    return record;
  }

  private static WalFile.Extent extent(SnapshotRecord marker) {
    return new WalFile.Extent(marker.walSalt1(), marker.walSalt2(), marker.walBytes());
  }

  private Found unfinished(@Nullable SnapshotRecord record, SnapshotRecord marker)
      throws IOException {
    Path database = layout.database(marker.file());
    Path wal = StoreLayout.wal(database);
    WalFile.Extent extent = extent(marker);
    if (!Files.exists(database) || !WalFile.reaches(wal, extent)) {
      throw setAside(database, "the write-ahead log of an unfinished checkpoint is not whole");
    }
    deleteOthers(database);
    border.truncate(wal, extent.bytes());
    border.delete(StoreLayout.shm(database));
    return new Found(marker.file(), record, marker);
  }

  /** Whether the record is that of the marker's checkpoint, or of a file that came after it. */
  private static boolean finished(SnapshotRecord marker, SnapshotRecord record) {
    if (record.file() > marker.file()) {
      return true;
    }
    return marker.file() == record.file()
        && marker.walSalt1() == record.walSalt1()
        && marker.walSalt2() == record.walSalt2()
        && java.util.Arrays.equals(marker.payload(), record.payload());
  }

  private static @Nullable SnapshotRecord read(Path file) throws IOException {
    return Files.exists(file)
        ? SnapshotRecord.decode(Files.readAllBytes(file), file.toString())
        : null;
  }

  private static @Nullable String difference(Path database, SnapshotRecord record)
      throws IOException {
    if (!Files.exists(database)) {
      return "the file is missing";
    }
    long size = Files.size(database);
    if (size != record.sizeBytes()) {
      return "its size is " + size + " bytes, not " + record.sizeBytes();
    }
    try (MainFile main = new MainFile(database)) {
      if (!main.headerHash().equals(record.header())) {
        return "its header was changed";
      }
    }
    if (!sameTime(MainFile.modifiedNanos(database), record.modifiedNanos())) {
      return "it was written to";
    }
    return null;
  }

  /** Equal, or as a copy keeps it that knows whole seconds only (tar, rsync). */
  private static boolean sameTime(long found, long recorded) {
    return found == recorded
        || (found % 1_000_000_000 == 0 && found / 1_000_000_000 == recorded / 1_000_000_000);
  }

  private SqliteException.InvalidDatabase setAside(Path database, String difference)
      throws IOException {
    return new SqliteException.InvalidDatabase(
        database
            + " does not match its record: "
            + difference
            + ". Another program has changed it; it was set aside with its record as "
            + keep(database).getFileName(),
        null);
  }

  /** Sets aside the database that the record names, for a reason of the caller's. */
  SqliteException.InvalidDatabase giveUp(String reason) throws IOException {
    SnapshotRecord record = read(layout.record());
    Path database = layout.database(record == null ? 1 : record.file());
    return new SqliteException.InvalidDatabase(
        database
            + " "
            + reason
            + "; it was set aside with its record as "
            + keep(database).getFileName(),
        null);
  }

  /** Renames the database and all that belongs to it; returns the database's new name. */
  private Path keep(Path database) throws IOException {
    String time = TIME.format(clock.instant());
    Path kept = layout.setAside(time, database);
    for (Path file :
        new Path[] {StoreLayout.wal(database), database, layout.record(), layout.marker()}) {
      if (Files.exists(file)) {
        border.rename(file, layout.setAside(time, file));
      }
    }
    border.delete(StoreLayout.shm(database));
    border.forceFolder(layout.folder());
    return kept;
  }

  private void deleteOthers(@Nullable Path database) throws IOException {
    String keep = database == null ? "" : database.getFileName().toString();
    for (Path file : layout.databaseFiles()) {
      String name = file.getFileName().toString();
      if (keep.isEmpty() || !(name.equals(keep) || name.startsWith(keep + "-"))) {
        border.delete(file);
      }
    }
  }

  /** A staged file that became the database may still have its old name, and be written by it. */
  private void deleteOtherNames(Path database) throws IOException {
    if (!Files.getFileStore(database).supportsFileAttributeView("unix")
        || !(Files.getAttribute(database, "unix:nlink") instanceof Integer links)
        || links < 2) {
      return;
    }
    try (Stream<Path> files = Files.list(layout.folder())) {
      for (Path file : files.sorted().toList()) {
        if (!file.equals(database)
            && Files.isRegularFile(file)
            && Files.isSameFile(file, database)) {
          border.delete(file);
        }
      }
    }
  }
}
