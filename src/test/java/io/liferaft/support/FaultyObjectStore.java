package io.liferaft.support;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** An object store that fails, or cuts what it reads, as told. */
public final class FaultyObjectStore implements ObjectStore {

  private final ObjectStore store;
  private final Queue<Long> cuts = new ConcurrentLinkedQueue<>();
  private final Queue<Long> writeCuts = new ConcurrentLinkedQueue<>();
  private final AtomicInteger gets = new AtomicInteger();
  private volatile @Nullable Reason failure;

  public FaultyObjectStore(ObjectStore store) {
    this.store = store;
  }

  /** From now on everything fails so; null heals. */
  public void failWith(@Nullable Reason reason) {
    failure = reason;
  }

  /** The next reads end with an error after so many bytes each, those after them are whole. */
  public void cutReadsAt(long... bytes) {
    for (long n : bytes) {
      cuts.add(n);
    }
  }

  /** The next writes end with an error after so many bytes each, those after them are whole. */
  public void cutWritesAt(long... bytes) {
    for (long n : bytes) {
      writeCuts.add(n);
    }
  }

  /** How many reads were begun. */
  public int gets() {
    return gets.get();
  }

  @Override
  public String location() {
    return store.location();
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    failIfTold("looking at " + key);
    return store.head(key);
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    gets.incrementAndGet();
    failIfTold("reading " + key);
    InputStream whole = store.get(key, offset, etag);
    Long cut = cuts.poll();
    return cut == null ? whole : new CutInputStream(whole, cut);
  }

  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    gets.incrementAndGet();
    failIfTold("reading " + key);
    InputStream whole = store.getRange(key, offset, bytes);
    Long cut = cuts.poll();
    return cut == null ? whole : new CutInputStream(whole, cut);
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    failIfTold("writing " + key);
    Long cut = writeCuts.poll();
    ObjectInfo info =
        store.put(
            key,
            metadata,
            condition,
            cut == null ? writer : out -> writer.writeTo(new CutOutputStream(out, cut)));
    assertThat(info.sizeBytes()).as("bytes of " + key).isLessThanOrEqualTo(writer.mostBytes());
    return info;
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    failIfTold("copying " + fromKey);
    return store.copy(fromKey, toKey);
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    failIfTold("listing " + prefix);
    return store.list(prefix);
  }

  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    failIfTold("listing the uploads of " + prefix);
    return store.abortUploads(prefix, keys);
  }

  @Override
  public void delete(String key) {
    failIfTold("deleting " + key);
    store.delete(key);
  }

  private void failIfTold(String action) {
    Reason reason = failure;
    if (reason != null) {
      throw new ObjectStoreException(reason, action + " failed: as told", null);
    }
  }

  private static final class CutOutputStream extends FilterOutputStream {

    private long left;

    CutOutputStream(OutputStream out, long bytes) {
      super(out);
      left = bytes;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      out.write(b, off, (int) Math.min(len, left));
      if (len > left) {
        throw new IOException("cut as told");
      }
      left -= len;
    }
  }

  /** Ends with a failure after so many bytes. */
  public static final class CutInputStream extends FilterInputStream {

    private long left;

    public CutInputStream(InputStream in, long bytes) {
      super(in);
      left = bytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      if (left == 0) {
        throw new IOException("cut as told");
      }
      int n = super.read(b, off, (int) Math.min(len, left));
      left -= Math.max(n, 0);
      return n;
    }
  }
}
