package io.liferaft.sqlite;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a SQL text file, read as they are asked for. Memory is bounded by the longest
 * statement. The file is closed at its end, at an error, and by {@link Statements#close}.
 */
final class SqlTextFile implements Iterable<SqlStatement> {

  private static final int CHUNK = 64 * 1024;

  private final Path file;

  SqlTextFile(Path file) {
    this.file = file;
  }

  @Override
  public Statements iterator() {
    try {
      return new Statements(Files.newBufferedReader(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The iterator; closed by itself at the end. */
  static final class Statements implements Iterator<SqlStatement>, AutoCloseable {
    private final Reader reader;
    private final StringBuilder buffer = new StringBuilder();
    private final char[] chunk = new char[CHUNK];
    private int consumed;
    private boolean exhausted;
    private @Nullable SqlStatement next;

    Statements(Reader reader) {
      this.reader = reader;
    }

    @Override
    public boolean hasNext() {
      if (next == null) {
        next = read();
      }
      return next != null;
    }

    @Override
    public SqlStatement next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      SqlStatement result = next;
      next = null;
      return java.util.Objects.requireNonNull(result);
    }

    private @Nullable SqlStatement read() {
      while (true) {
        StatementSplitter.Piece piece = complete();
        if (piece != null) {
          consumed = piece.end();
          if (!piece.blank()) {
            return SqlStatement.of(buffer.substring(piece.start(), piece.end()).strip());
          }
        } else if (exhausted) {
          close();
          return null;
        } else {
          fill();
        }
      }
    }

    /** The next statement when all of it is in the buffer; a last token may go on behind it. */
    private StatementSplitter.@Nullable Piece complete() {
      if (consumed >= buffer.length()) {
        return null;
      }
      StatementSplitter.Piece piece = StatementSplitter.next(buffer, consumed);
      boolean whole = exhausted || (piece != null && piece.end() < buffer.length());
      return whole ? piece : null;
    }

    /** Doubles what is there, so that a long statement is scanned a few times only. */
    private void fill() {
      buffer.delete(0, consumed);
      consumed = 0;
      int wanted = Math.max(CHUNK, buffer.length());
      try {
        for (int got = 0; got < wanted; ) {
          int n = reader.read(chunk);
          if (n < 0) {
            exhausted = true;
            return;
          }
          buffer.append(chunk, 0, n);
          got += n;
        }
      } catch (IOException e) {
        close();
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      exhausted = true;
      buffer.setLength(0);
      consumed = 0;
      try {
        reader.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
