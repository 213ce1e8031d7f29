package io.liferaft.objectstore;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A store whose bodies are written and read no faster than allowed. */
final class ThrottledObjectStore implements ObjectStore {

  private final ObjectStore store;
  private final @Nullable Bandwidth up;
  private final @Nullable Bandwidth down;

  /**
   * @param up for what is written; null for as fast as it goes
   * @param down for what is read; null for as fast as it goes
   */
  ThrottledObjectStore(ObjectStore store, @Nullable Bandwidth up, @Nullable Bandwidth down) {
    this.store = store;
    this.up = up;
    this.down = down;
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    return slowed(store.get(key, offset, etag));
  }

  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    return slowed(store.getRange(key, offset, bytes));
  }

  private InputStream slowed(InputStream in) {
    return down == null ? in : new SlowInput(in, down);
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    Bandwidth limit = up;
    return limit == null
        ? store.put(key, metadata, condition, writer)
        : store.put(
            key,
            metadata,
            condition,
            new ObjectWriter() {
              @Override
              public void writeTo(OutputStream out) throws IOException {
                writer.writeTo(new SlowOutput(out, limit));
              }

              @Override
              public long mostBytes() {
                return writer.mostBytes();
              }

              @Override
              public void beforeVisible() throws IOException {
                writer.beforeVisible();
              }
            });
  }

  @Override
  public String location() {
    return store.location();
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    return store.head(key);
  }

  @Override
  public boolean keepsConditions() {
    return store.keepsConditions();
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    return store.copy(fromKey, toKey);
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    return store.list(prefix);
  }

  @Override
  public List<ObjectInfo> list(String prefix, String after) {
    return store.list(prefix, after);
  }

  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    return store.abortUploads(prefix, keys);
  }

  @Override
  public void delete(String key) {
    store.delete(key);
  }

  private static final class SlowInput extends FilterInputStream {

    private final Bandwidth limit;

    SlowInput(InputStream in, Bandwidth limit) {
      super(in);
      this.limit = limit;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      int n = read(one, 0, 1);
      return n < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      int n = in.read(b, off, Math.min(len, Bandwidth.PIECE_BYTES));
      if (n > 0) {
        limit.take(n);
      }
      return n;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }

  private static final class SlowOutput extends FilterOutputStream {

    private final Bandwidth limit;

    SlowOutput(OutputStream out, Bandwidth limit) {
      super(out);
      this.limit = limit;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      int from = off;
      for (int left = len; left > 0; ) {
        int n = Math.min(left, Bandwidth.PIECE_BYTES);
        limit.take(n);
        out.write(b, from, n);
        from += n;
        left -= n;
      }
    }
  }
}
