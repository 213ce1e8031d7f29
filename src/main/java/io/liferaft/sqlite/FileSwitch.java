package io.liferaft.sqlite;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/**
 * Makes a staged file the next database file. The staged file keeps its own name until the record
 * names the new one, so that a crash in between loses neither.
 */
final class FileSwitch {

  private static final int JOURNAL_MODE_OFFSET = 18;
  private static final byte[] WAL_MODE = {2, 2};
  private static final byte[] ROLLBACK_MODE = {1, 1};

  private final StoreLayout layout;
  private final FileBorder border;
  private final Path staged;
  private final long number;

  FileSwitch(StoreLayout layout, FileBorder border, Path staged, long number) {
    this.layout = layout;
    this.border = border;
    this.staged = staged;
    this.number = number;
  }

  long number() {
    return number;
  }

  Path next() {
    return layout.database(number);
  }

  /** Gives the staged file its second name, forced and in WAL mode. */
  void stage() throws IOException, SQLException {
    border.run("switch the staged file to WAL mode", this::switchToWal);
    border.force(staged);
    for (Path leftover : List.of(next(), StoreLayout.wal(next()), StoreLayout.shm(next()))) {
      border.delete(leftover);
    }
    border.link(staged, next());
    border.forceFolder(layout.folder());
  }

  private void switchToWal() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(staged.toFile(), "rw")) {
      file.seek(JOURNAL_MODE_OFFSET);
      file.write(WAL_MODE);
    }
  }

  /** See {@link SqliteStore#beforeReplace}. */
  static InputStream beforeSwitch(Path staged) throws IOException {
    InputStream file = Files.newInputStream(staged);
    byte[] head = file.readNBytes(JOURNAL_MODE_OFFSET + ROLLBACK_MODE.length);
    if (head.length == JOURNAL_MODE_OFFSET + ROLLBACK_MODE.length) {
      System.arraycopy(ROLLBACK_MODE, 0, head, JOURNAL_MODE_OFFSET, ROLLBACK_MODE.length);
    }
    return new SequenceInputStream(new ByteArrayInputStream(head), file);
  }

  /** Stores the record that names the new file: from here on the old one no longer counts. */
  SnapshotRecord name(boolean foreignKeys, byte[] payload) throws IOException {
    try (MainFile main = new MainFile(next())) {
      SnapshotRecord record =
          new SnapshotRecord(
              number,
              main.size(),
              main.headerHash(),
              MainFile.modifiedNanos(next()),
              0,
              0,
              0,
              foreignKeys,
              payload);
      layout.store(border, record);
      return record;
    }
  }

  /** Deletes the staged name and the old file, on which nothing may be open any more. */
  void discard(Path old) throws IOException {
    border.delete(staged);
    border.delete(layout.marker());
    for (Path gone : List.of(old, StoreLayout.wal(old), StoreLayout.shm(old))) {
      border.delete(gone);
    }
    border.forceFolder(layout.folder());
  }
}
