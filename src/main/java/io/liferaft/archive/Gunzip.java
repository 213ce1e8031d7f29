package io.liferaft.archive;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Unpacks gzip (RFC 1952), one member or several, and refuses what follows the last one. The JDK's
 * stream takes such a rest for the end, and so would not see an object that somebody appended to.
 */
final class Gunzip {

  private static final int HEADER_CHECKSUM = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xe0;
  private static final int DEFLATE = 8;
  private static final int BUFFER_BYTES = 64 << 10;

  private final InputStream in;
  private final OutputStream out;
  private final byte[] input = new byte[BUFFER_BYTES];
  private final byte[] output = new byte[BUFFER_BYTES];
  private int position;
  private int limit;

  private Gunzip(InputStream in, OutputStream out) {
    this.in = in;
    this.out = out;
  }

  /** Whether these are the first two bytes of gzip. */
  static boolean isGzip(byte[] start) {
    return start.length >= 2 && (start[0] & 0xff) == 0x1f && (start[1] & 0xff) == 0x8b;
  }

  /**
   * Unpacks everything; closes nothing.
   *
   * @throws ZipException when the content is damaged or something follows it
   * @throws EOFException when it ends too early
   */
  static void unpack(InputStream in, OutputStream out) throws IOException {
    Gunzip gunzip = new Gunzip(in, out);
    do {
      gunzip.header();
      gunzip.body();
    } while (gunzip.filled());
  }

  private void header() throws IOException {
    if (next() != 0x1f || next() != 0x8b) {
      throw new ZipException("there is something else after the end of the gzip stream");
    }
    if (next() != DEFLATE) {
      throw new ZipException("the gzip stream has an unknown compression method");
    }
    int flags = next();
    if ((flags & RESERVED) != 0) {
      throw new ZipException("the gzip stream has unknown flags");
    }
    skip(6);
    if ((flags & EXTRA) != 0) {
      skip(next() | next() << 8);
    }
    if ((flags & NAME) != 0) {
      skipText();
    }
    if ((flags & COMMENT) != 0) {
      skipText();
    }
    if ((flags & HEADER_CHECKSUM) != 0) {
      skip(2);
    }
  }

  private void body() throws IOException {
    CRC32 crc = new CRC32();
    long length = 0;
    try (Inflater inflater = new Inflater(true)) {
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          require();
          inflater.setInput(input, position, limit - position);
        }
        int n = inflater.inflate(output);
        if (n == 0 && inflater.needsDictionary()) {
          throw new ZipException("the gzip stream asks for a dictionary");
        }
        position = limit - inflater.getRemaining();
        crc.update(output, 0, n);
        length += n;
        out.write(output, 0, n);
      }
    } catch (DataFormatException e) {
      ZipException damaged = new ZipException("the gzip stream is damaged: " + e.getMessage());
      damaged.initCause(e);
      throw damaged;
    }
    if (littleEndian() != crc.getValue()) {
      throw new ZipException("the gzip stream has a wrong checksum");
    }
    if (littleEndian() != (length & 0xffffffffL)) {
      throw new ZipException("the gzip stream has a wrong length");
    }
  }

  private long littleEndian() throws IOException {
    return next() | (long) next() << 8 | (long) next() << 16 | (long) next() << 24;
  }

  private void skipText() throws IOException {
    while (next() != 0) {
      // up to its end
    }
  }

  private void skip(int bytes) throws IOException {
    for (int i = 0; i < bytes; i++) {
      next();
    }
  }

  private int next() throws IOException {
    require();
    return input[position++] & 0xff;
  }

  private void require() throws IOException {
    if (!filled()) {
      throw new EOFException("the gzip stream ends too early");
    }
  }

  private boolean filled() throws IOException {
    if (position == limit) {
      position = 0;
      limit = Math.max(0, in.read(input));
    }
    return position < limit;
  }
}
