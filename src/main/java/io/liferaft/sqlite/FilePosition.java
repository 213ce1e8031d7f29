package io.liferaft.sqlite;

/**
 * Where a copy stands among the checkpoints of the main file it was taken from. Of use only to ask
 * another copy {@link DatabaseCopy#changedSince what has changed since}, and only while the store
 * keeps that file open: not worth storing.
 *
 * @param file random, made anew each time a store opens a main file, also at its start, after a
 *     load and after an install: equal only for copies of one file that stayed open in between
 * @param checkpoint counts the checkpoints of the file since then, from 0
 */
public record FilePosition(String file, long checkpoint) {

  public FilePosition {
    if (file.isEmpty() || checkpoint < 0) {
      throw new IllegalArgumentException("no position: checkpoint " + checkpoint + " of " + file);
    }
  }
}
