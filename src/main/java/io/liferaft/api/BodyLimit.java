package io.liferaft.api;

import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * How large a body of statements may be: the setting, and never more than a quarter of the heap,
 * since statements are held in memory until they are answered.
 */
final class BodyLimit {

  private final long bytes;
  private final String refusal;

  BodyLimit(HttpProperties properties, long maxHeap) {
    long setting = properties.maxStatementBody().toBytes();
    long heap = maxHeap / 4;
    bytes = Math.min(setting, heap);
    refusal =
        setting <= heap
            ? "request body is larger than %d bytes (liferaft.http.max-statement-body)"
                .formatted(setting)
            : "request body is larger than %d bytes, a quarter of this node's heap".formatted(heap);
  }

  long bytes() {
    return bytes;
  }

  /**
   * The body, which fails with 413 as soon as it is known to be too large: before a byte is read
   * when its length is given.
   */
  InputStream body(HttpServletRequest request) throws IOException {
    if (request.getContentLengthLong() > bytes) {
      throw tooLarge();
    }
    return new Limited(request.getInputStream());
  }

  private RequestFailure tooLarge() {
    return new RequestFailure(413, refusal);
  }

  private final class Limited extends FilterInputStream {

    private long left = bytes;

    Limited(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      return b < 0 ? b : count(1, b);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = super.read(into, offset, length);
      return n < 0 ? n : count(n, n);
    }

    private int count(int n, int result) {
      left -= n;
      if (left < 0) {
        throw tooLarge();
      }
      return result;
    }
  }
}
