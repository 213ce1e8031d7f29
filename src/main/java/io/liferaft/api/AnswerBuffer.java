package io.liferaft.api;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Bytes of an answer. Up to one mebibyte is kept, so that the answer goes out with its length;
 * beyond that it is sent in chunks as it is made and memory stays bounded. For one thread.
 */
final class AnswerBuffer extends OutputStream {

  static final int KEPT = 1 << 20;

  private static final long LARGEST_FAST = 1_000_000_000_000_000_000L;

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
  void ascii(String text) throws IOException {
    ascii(text, 0, text.length());
  }

  /** Writes a part of a text, whose characters are all below 128. */
  @SuppressWarnings("deprecation") // cuts characters to bytes, which is what ASCII needs
  void ascii(String text, int from, int to) throws IOException {
    int at = from;
    while (at < to) {
      if (size == buffer.length) {
        makeRoom(to - at);
      }
      int part = Math.min(to - at, buffer.length - size);
      text.getBytes(at, at + part, buffer, size);
      size += part;
      at += part;
    }
  }

  /** Writes a number without making a string of it. */
  void decimal(long value) throws IOException {
    if (value <= -LARGEST_FAST || value >= LARGEST_FAST) {
      ascii(Long.toString(value));
      return;
    }
    while (buffer.length - size < 20) {
      makeRoom(20);
    }
    long left = Math.abs(value);
    int end = size + (value < 0 ? 1 : 0) + digits(left);
    if (value < 0) {
      buffer[size] = '-';
    }
    size = end;
    do {
      buffer[--end] = (byte) ('0' + left % 10);
      left /= 10;
    } while (left > 0);
  }

  private static int digits(long value) {
    int digits = 1;
    for (long power = 10; value >= power; power *= 10) {
      digits++;
    }
    return digits;
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
