package io.liferaft.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a SQL text file, read as they are asked for. Memory is bounded by the longest
 * statement. The file is closed at its end, at an error, and by {@link Statements#close}. Reading
 * fails with {@link SqliteException.InvalidText} at the first byte that is not UTF-8.
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
      return new Statements(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The offset of the first byte that is not UTF-8; read anew, since a reader reads ahead. */
  private static long firstMalformedByte(Path file) throws IOException {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK);
    CharBuffer chars = CharBuffer.allocate(CHUNK);
    long decoded = 0;
    try (InputStream in = Files.newInputStream(file)) {
      while (true) {
        int n = in.read(bytes.array(), bytes.position(), bytes.remaining());
        boolean end = n < 0;
        bytes.position(bytes.position() + Math.max(0, n)).flip();
        CoderResult result = decoder.decode(bytes, chars.clear(), end);
        decoded += bytes.position();
        if (result.isError() || end) {
          return decoded;
        }
        bytes.compact();
      }
    }
  }

  /** The iterator; closed by itself at the end. */
  static final class Statements implements Iterator<SqlStatement>, AutoCloseable {
    private final Path file;
    private final Reader reader;
    private final StringBuilder buffer = new StringBuilder();
    private final char[] chunk = new char[CHUNK];
    private int consumed;
    private boolean exhausted;
    private @Nullable SqlStatement next;

    Statements(Path file) throws IOException {
      this.file = file;
      this.reader = Files.newBufferedReader(file);
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
      } catch (CharacterCodingException e) {
        close();
        throw invalid(e);
      } catch (IOException e) {
        close();
        throw new UncheckedIOException(e);
      }
    }

    private SqliteException.InvalidText invalid(CharacterCodingException e) {
      try {
        return new SqliteException.InvalidText(
            "the SQL text is not UTF-8: the byte at offset %d belongs to no character; convert it to UTF-8 and send it again"
                .formatted(firstMalformedByte(file)),
            e);
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
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
