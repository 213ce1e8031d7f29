package io.liferaft.sqlite;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * Everything this program does to a node's files that a crash must not spoil, one step at a time:
 * the store's files, and those that its user keeps beside them ({@link SqliteStore#files}). Tests
 * end the process before each step, and take away what was not forced.
 */
public interface FileBorder {

  /** Something that a library does to the files. */
  @FunctionalInterface
  interface Step<E extends Exception> {
    void run() throws E, IOException;
  }

  /** Writes a new file and forces it. */
  void write(Path file, byte[] content) throws IOException;

  /** Forces a file that SQLite holds no locks on. */
  void force(Path file) throws IOException;

  /** Forces a file that must not be opened again. */
  void force(RandomAccessFile open, Path file) throws IOException;

  /** Makes what was created, renamed and deleted in a folder durable. */
  void forceFolder(Path folder) throws IOException;

  /** Replaces what is there in one step. */
  void rename(Path from, Path to) throws IOException;

  /** Gives a file a second name, or copies and forces it where the file system cannot. */
  void link(Path existing, Path name) throws IOException;

  /** Deletes a file if it is there. */
  void delete(Path file) throws IOException;

  /** Deletes a folder with all that is in it, if it is there. */
  void deleteFolder(Path folder) throws IOException;

  void truncate(Path file, long size) throws IOException;

  /**
   * Lets a library change files.
   *
   * @param what for the messages of tests
   */
  <E extends Exception> void run(String what, Step<E> step) throws E, IOException;
}
