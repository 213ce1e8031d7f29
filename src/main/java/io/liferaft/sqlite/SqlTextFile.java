package io.liferaft.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a SQL text file, read as they are asked for. Memory is bounded by the longest
 * statement: while it is looked for, one and a half times its bytes; once it is found, its text.
 * The file is closed at its end, at an error, and by {@link Statements#close}. Reading fails with
 * {@link SqliteException.InvalidText} at the first statement that is not UTF-8.
 */
final class SqlTextFile implements Iterable<SqlStatement> {

  /** As long as an array can be. */
  static final int UNLIMITED = Integer.MAX_VALUE - 8;

  private static final int CHUNK = 64 * 1024;

  private final Path file;
  private final int longest;

  /**
   * @param longest bytes of a statement with the comments before it; the iterator throws {@link
   *     SqliteException.StatementTooLong} as soon as one is known to be longer
   */
  SqlTextFile(Path file, long longest) {
    this.file = file;
    this.longest = (int) Math.min(longest, UNLIMITED);
  }

  @Override
  public Statements iterator() {
    try {
      return new Statements(Files.newInputStream(file), longest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The iterator; closed by itself at the end. */
  static final class Statements implements Iterator<SqlStatement>, AutoCloseable {
    private final InputStream in;
    private final int longest;
    private byte[] buffer = new byte[CHUNK];
    private int from;
    private int end;
    private long passed;
    private long found;
    private boolean exhausted;
    private @Nullable SqlStatement next;

    Statements(InputStream in, int longest) {
      this.in = in;
      this.longest = longest;
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
      return Objects.requireNonNull(result);
    }

    private @Nullable SqlStatement read() {
      boolean whole = false;
      try {
        while (true) {
          StatementSplitter.Piece piece = complete();
          if (piece != null) {
            String text = take(piece.end());
            if (!piece.blank()) {
              found++;
              whole = true;
              return SqlStatement.of(text.strip());
            }
          } else if (exhausted) {
            return null;
          } else {
            fill();
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        if (!whole) {
          close();
        }
      }
    }

    /** The next statement when all of it is in the buffer; a last token may go on behind it. */
    private StatementSplitter.@Nullable Piece complete() {
      while (from < end && SqlTokenizer.isBlank((char) buffer[from])) {
        from++;
      }
      if (from == end) {
        return null;
      }
      StatementSplitter.Piece piece = StatementSplitter.next(new Utf8View(buffer, end), from);
      boolean whole = exhausted || (piece != null && piece.end() < end);
      if ((whole && piece != null ? piece.end() : end) - from > longest) {
        throw new SqliteException.StatementTooLong(found + 1, passed + from, longest);
      }
      return whole ? piece : null;
    }

    /** The statement's text. A buffer that grew for it goes, since the text is as long. */
    private String take(int to) {
      String text = new String(buffer, from, to - from, StandardCharsets.UTF_8);
      if (text.indexOf('\uFFFD') >= 0) {
        checkUtf8(ByteBuffer.wrap(buffer, from, to - from));
      }
      from = to;
      if (buffer.length > 4 * CHUNK) {
        makeRoom(0);
      }
      return text;
    }

    /**
     * Half as much again as what is there, so that a long statement is scanned a few times only.
     */
    private void fill() throws IOException {
      int wanted = (int) Math.min(Math.max(CHUNK, (end - from) / 2), UNLIMITED - (long) end + from);
      if (wanted == 0) {
        throw new SqliteException.StatementTooLong(found + 1, passed + from, longest);
      }
      makeRoom(wanted);
      int n = in.readNBytes(buffer, end, wanted);
      exhausted = n < wanted;
      end += n;
    }

    /** Moves what is left to the front of a buffer that holds it and so many bytes more. */
    private void makeRoom(int more) {
      int left = end - from;
      int length = Math.max(CHUNK, left + more);
      if (more == 0 || length > buffer.length) {
        byte[] other = new byte[length];
        System.arraycopy(buffer, from, other, 0, left);
        buffer = other;
      } else {
        System.arraycopy(buffer, from, buffer, 0, left);
      }
      passed += from;
      from = 0;
      end = left;
    }

    private void checkUtf8(ByteBuffer bytes) {
      CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
      CharBuffer out = CharBuffer.allocate(CHUNK);
      CoderResult result = decoder.decode(bytes, out, true);
      while (result.isOverflow()) {
        out.clear();
        result = decoder.decode(bytes, out, true);
      }
      if (result.isError()) {
        throw new SqliteException.InvalidText(
            "the SQL text is not UTF-8: the byte at offset %d belongs to no character; convert it to UTF-8 and send it again"
                .formatted(passed + bytes.position()));
      }
    }

    @Override
    public void close() {
      exhausted = true;
      buffer = Arrays.copyOf(buffer, 0);
      from = 0;
      end = 0;
      try {
        in.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Bytes as the tokenizer may see them: all that matters to it is ASCII and the byte order mark,
   * which is a blank wherever it stands.
   */
  private record Utf8View(byte[] bytes, int length) implements CharSequence {

    private static final char MARK = '\uFEFF';

    @Override
    public char charAt(int index) {
      int b = bytes[index];
      return b >= 0 ? (char) b : inMark(index) ? MARK : (char) (b & 0xFF);
    }

    private boolean inMark(int index) {
      return switch (bytes[index] & 0xFF) {
        case 0xEF -> isMark(index);
        case 0xBB -> isMark(index - 1);
        case 0xBF -> isMark(index - 2);
        default -> false;
      };
    }

    private boolean isMark(int at) {
      return at >= 0
          && at + 2 < length
          && (bytes[at] & 0xFF) == 0xEF
          && (bytes[at + 1] & 0xFF) == 0xBB
          && (bytes[at + 2] & 0xFF) == 0xBF;
    }

    @Override
    public CharSequence subSequence(int start, int to) {
      return new String(bytes, start, to - start, StandardCharsets.ISO_8859_1);
    }

    @Override
    public String toString() {
      return subSequence(0, length).toString();
    }
  }
}
