package io.liferaft.api;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes of an answer. Up to one mebibyte is kept, so that the answer goes out with its length;
 * beyond that it is sent in chunks as it is made and memory stays bounded. For one thread.
 */
final class AnswerBuffer extends OutputStream {

  static final int KEPT = 1 << 20;

  private final HttpServletResponse response;
  private byte[] buffer = new byte[512];
  private int size;
  private boolean spilled;

  AnswerBuffer(HttpServletResponse response) {
    this.response = response;
  }

  @Override
  public void write(int b) throws IOException {
    if (size == buffer.length) {
      makeRoom(1);
    }
    buffer[size++] = (byte) b;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (size == buffer.length) {
        makeRoom(length - done);
      }
      int part = Math.min(length - done, buffer.length - size);
      System.arraycopy(bytes, offset + done, buffer, size, part);
      size += part;
      done += part;
    }
  }

  /** Writes a text whose characters are all below 128. */
  @SuppressWarnings("deprecation") // the one copy without a charset's detour
  void ascii(String text) throws IOException {
    int length = text.length();
    if (length <= buffer.length - size) {
      text.getBytes(0, length, buffer, size);
      size += length;
    } else {
      write(text.getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  /** Sends the rest. Nothing may be written after it. */
  void finish() throws IOException {
    if (!spilled) {
      response.setContentLength(size);
    }
    response.getOutputStream().write(buffer, 0, size);
    size = 0;
  }

  private void makeRoom(int wanted) throws IOException {
    if (buffer.length < KEPT) {
      long length = Math.max(2L * buffer.length, (long) size + wanted);
      buffer = Arrays.copyOf(buffer, (int) Math.min(KEPT, length));
    } else {
      spilled = true;
      response.getOutputStream().write(buffer, 0, size);
      size = 0;
    }
  }
}
