package io.liferaft.objectstore;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import software.amazon.awssdk.core.exception.SdkException;

/** Tells a body that ended from one that was cut, and never drains what nobody wants to read. */
final class WholeBodyInputStream extends FilterInputStream {

  private final String action;
  private final long length;
  private final Runnable abort;
  private long count;

  /**
   * @param abort drops the connection; called on closing before the end
   */
  WholeBodyInputStream(String action, InputStream in, long length, Runnable abort) {
    super(in);
    this.action = action;
    this.length = length;
    this.abort = abort;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    int n = read(one, 0, 1);
    return n < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    int n;
    try {
      n = super.read(b, off, len);
    } catch (IOException | SdkException e) {
      throw new IOException(cut() + ": " + e.getMessage(), e);
    }
    if (n < 0 && count < length) {
      throw new IOException(cut());
    }
    count += Math.max(n, 0);
    return n;
  }

  @Override
  public long skip(long n) throws IOException {
    long skipped = 0;
    byte[] buffer = new byte[8192];
    while (skipped < n) {
      int read = read(buffer, 0, (int) Math.min(buffer.length, n - skipped));
      if (read < 0) {
        break;
      }
      skipped += read;
    }
    return skipped;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  @Override
  public void close() {
    if (count < length) {
      abort.run();
      return;
    }
    try {
      super.close();
    } catch (IOException _) {
      // Everything was read: nothing depends on how the connection ends.
    }
  }

  private String cut() {
    return action + " was cut after " + count + " of " + length + " bytes";
  }
}
