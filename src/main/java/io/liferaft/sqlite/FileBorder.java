package io.liferaft.sqlite;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.sql.SQLException;

/**
 * Everything the store does to its files that a crash must not spoil, one step at a time: tests
 * stop it before each.
 */
interface FileBorder {

  /** Something that SQLite itself does to the files. */
  @FunctionalInterface
  interface SqliteStep {
    void run() throws SQLException, IOException;
  }

  /** Writes a new file and forces it. */
  void write(Path file, byte[] content) throws IOException;

  /** Forces a file that SQLite holds no locks on. */
  void force(Path file) throws IOException;

  /** Forces a file that must not be opened again. */
  void force(RandomAccessFile open, Path file) throws IOException;

  void forceFolder(Path folder) throws IOException;

  /** Replaces what is there in one step. */
  void rename(Path from, Path to) throws IOException;

  /** Gives a file a second name, or copies and forces it where the file system cannot. */
  void link(Path existing, Path name) throws IOException;

  /** Deletes a file if it is there. */
  void delete(Path file) throws IOException;

  void truncate(Path file, long size) throws IOException;

  /**
   * Lets SQLite change files.
   *
   * @param what for the messages of tests
   */
  void sqlite(String what, SqliteStep step) throws SQLException, IOException;
}
