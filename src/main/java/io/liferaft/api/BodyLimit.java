package io.liferaft.api;

import io.liferaft.raft.NotReadyException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How large a body of statements may be. Statements are held until they are answered, so besides
 * the setting there is a budget: a quarter of the heap for all requests together, charged with what
 * statements take in memory rather than on the wire (many small ones take twenty times as much).
 * And one statement or value is at most a thirty-second of the heap, since it is copied as a whole
 * on its way, here and on the node that applies it. Safe for use by many threads.
 */
final class BodyLimit {

  /** What a byte of the body takes until it is answered: twice as text, once as encoded. */
  private static final int BYTES_PER_BYTE = 3;

  /** What it takes besides while its string is put together: three copies, two of them as text. */
  private static final int MORE_WHILE_READ = 4;

  /** Decoder and parser read so far ahead that a string may seem that much longer. */
  private static final int READ_AHEAD = 16 * 1024;

  private static final String ATTRIBUTE = BodyLimit.class.getName();
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final long setting;
  private final long budget;
  private final long statement;
  private final AtomicLong charged = new AtomicLong();

  BodyLimit(HttpProperties properties, long maxHeap) {
    setting = properties.maxStatementBody().toBytes();
    budget = maxHeap / 4;
    statement = maxHeap / 32;
  }

  /** No statement is taken that is longer, nor a value. */
  long statementBytes() {
    return statement;
  }

  /** No body that is taken is longer. */
  long bytes() {
    return Math.min(setting, budget / BYTES_PER_BYTE);
  }

  /**
   * The body. It fails with 413 as soon as it is known to be too large, before a byte is read when
   * its length is given; with 503 when it only is too large beside the others of this moment. Its
   * charge lasts until {@link #release}.
   */
  Body open(HttpServletRequest request) throws IOException {
    long length = request.getContentLengthLong();
    if (length > setting) {
      throw beyondSetting();
    }
    if (length > budget / BYTES_PER_BYTE) {
      throw beyondBudget();
    }
    Body body = new Body(request.getInputStream(), length);
    request.setAttribute(ATTRIBUTE, body);
    return body;
  }

  /** Gives back what a request's body was charged. */
  static void release(HttpServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof Body body) {
      request.removeAttribute(ATTRIBUTE);
      body.release();
    }
  }

  private RequestFailure beyondSetting() {
    return new RequestFailure(
        413,
        "request body is larger than %d bytes (liferaft.http.max-statement-body)"
            .formatted(setting));
  }

  private RequestFailure beyondBudget() {
    return new RequestFailure(
        413,
        "request body would take more than %d bytes of memory, a quarter of this node's heap"
            .formatted(budget));
  }

  private RequestFailure beyondStatement() {
    return new RequestFailure(
        413,
        "a statement or value is longer than %d bytes, a thirty-second of this node's heap"
            .formatted(statement));
  }

  /** A body that counts itself. For one thread. */
  final class Body extends FilterInputStream implements StatementReader.Memory {

    private long read;
    private long cost;
    private long stringFrom = -1;
    private long stringCost;

    private final long length;

    private Body(InputStream in, long length) {
      super(in);
      this.length = length;
    }

    /**
     * Reads what is behind that of which something was made: nothing is done for a request that did
     * not come to its end.
     */
    void expectEnd() throws IOException {
      byte[] rest = new byte[64];
      int n = in.read(rest);
      while (n >= 0) {
        read += n;
        if (read > setting) {
          throw beyondSetting();
        }
        n = in.read(rest);
      }
      if (read < length) {
        throw RequestFailure.badRequest("unexpected EOF");
      }
    }

    /** What it has been charged so far. */
    long cost() {
      return cost;
    }

    @Override
    public void beginString() {
      stringFrom = read;
    }

    @Override
    public void endString() {
      stringFrom = -1;
      charged.addAndGet(-stringCost);
      cost -= stringCost;
      stringCost = 0;
    }

    @Override
    public void charge(long bytes) {
      cost += bytes;
      long all = charged.addAndGet(bytes);
      if (cost > budget) {
        throw beyondBudget();
      }
      if (all > budget) {
        throw new NotReadyException("too many statements are being received at once", RETRY_AFTER);
      }
    }

    /** The parser's affair only: what is behind it is still to be read. */
    @Override
    public void close() {}

    @Override
    public int read() throws IOException {
      int b = super.read();
      if (b >= 0) {
        count(1);
      }
      return b;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = super.read(into, offset, length);
      if (n > 0) {
        count(n);
      }
      return n;
    }

    private void count(int n) {
      read += n;
      if (read > setting) {
        throw beyondSetting();
      }
      charge((long) n * BYTES_PER_BYTE);
      if (stringFrom >= 0) {
        if (read - stringFrom > statement + READ_AHEAD) {
          throw beyondStatement();
        }
        stringCost += (long) n * MORE_WHILE_READ;
        charge((long) n * MORE_WHILE_READ);
      }
    }

    private void release() {
      charged.addAndGet(-cost);
      cost = 0;
      stringCost = 0;
    }
  }
}
