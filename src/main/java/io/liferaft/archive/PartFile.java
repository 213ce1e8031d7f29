package io.liferaft.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The stored bytes of a backup as far as they were fetched, beside the file they will become. A
 * note beside them says what they are a part of, so that a later process can go on.
 */
final class PartFile {

  private final Path path;
  private final Path note;
  private final String source;

  /**
   * @param source what tells the object and its content from every other
   */
  PartFile(Path into, String source) {
    this.path = into.resolveSibling(into.getFileName() + ".part");
    this.note = into.resolveSibling(into.getFileName() + ".part.source");
    this.source = source;
  }

  Path path() {
    return path;
  }

  /**
   * Begins, or goes on where an earlier transfer of the same object stopped.
   *
   * @param complete size of the whole object
   * @return bytes that are there
   */
  long open(long complete) throws IOException {
    long size = sizeIfSame();
    if (size >= 0 && size <= complete) {
      return size;
    }
    delete();
    // The part before its note: a note never belongs to the bytes of another object.
    Files.createFile(path);
    Files.writeString(note, source);
    return 0;
  }

  private long sizeIfSame() throws IOException {
    try {
      return Files.readString(note).equals(source) ? Files.size(path) : -1;
    } catch (NoSuchFileException | java.nio.charset.CharacterCodingException _) {
      return -1;
    }
  }

  OutputStream append() throws IOException {
    return Files.newOutputStream(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  void delete() throws IOException {
    Files.deleteIfExists(note);
    Files.deleteIfExists(path);
  }
}
