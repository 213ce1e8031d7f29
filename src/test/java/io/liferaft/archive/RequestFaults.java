package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.support.FaultyObjectStore;
import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A store of which one request, counted from 1, fails in one way. */
final class RequestFaults implements ObjectStore {

  /** How a request fails. */
  enum Way {
    BEFORE,
    IN_MID_BODY,
    AFTER
  }

  private final ObjectStore store;
  private final StringBuilder log = new StringBuilder();
  private Way way = Way.BEFORE;
  private int failing;
  private int requests;
  private boolean failed;
  private boolean unconditional;
  private boolean flips;

  RequestFaults(ObjectStore store) {
    this.store = store;
  }

  /** Requests count from here on. */
  void fail(int number, Way how) {
    requests = 0;
    failed = false;
    failing = number;
    way = how;
    log.setLength(0);
  }

  /** From now on a condition changes nothing. */
  void ignoreConditions() {
    unconditional = true;
  }

  /** The next range is damaged on its way. */
  void flipNextRange() {
    flips = true;
  }

  int requests() {
    return requests;
  }

  /** No request fails any more. */
  void heal() {
    failing = 0;
  }

  /** Whether it has come to the request that fails. */
  boolean failed() {
    return failed;
  }

  /** What was asked, one line each. */
  String asked() {
    return log.toString();
  }

  private <T> T ask(String what, Supplier<T> request) {
    return ask(
        what,
        request,
        _ -> {
          throw failure(what);
        });
  }

  /**
   * @param cut what becomes of an answer that breaks off
   */
  private <T> T ask(String what, Supplier<T> request, UnaryOperator<T> cut) {
    boolean fails = begin(what);
    if (fails && way == Way.BEFORE) {
      throw failure(what);
    }
    T answer = request.get();
    if (fails && way == Way.AFTER) {
      throw failure(what);
    }
    return fails ? cut.apply(answer) : answer;
  }

  /** Ranges are fetched by several threads. */
  private synchronized boolean begin(String what) {
    log.append(what).append('\n');
    boolean fails = ++requests == failing;
    failed |= fails;
    return fails;
  }

  private static ObjectStoreException failure(String what) {
    return new ObjectStoreException(Reason.UNAVAILABLE, what + " failed: as told", null);
  }

  @Override
  public String location() {
    return store.location();
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    return ask("HEAD " + key, () -> store.head(key));
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    return ask("GET " + key, () -> store.get(key, offset, etag), RequestFaults::cut);
  }

  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    InputStream range =
        ask("GET " + key, () -> store.getRange(key, offset, bytes), RequestFaults::cut);
    return flips ? flipped(range) : range;
  }

  private InputStream flipped(InputStream range) {
    flips = false;
    try (range) {
      byte[] content = range.readAllBytes();
      content[content.length / 2] ^= 0x55;
      return new ByteArrayInputStream(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    if (unconditional && !(condition instanceof PutCondition.Always)) {
      return put(key, metadata, new PutCondition.Always(), writer);
    }
    if (way == Way.IN_MID_BODY) {
      boolean cut = begin("PUT " + key);
      return store.put(
          key, metadata, condition, cut ? out -> writer.writeTo(new Cut(out)) : writer);
    }
    return ask("PUT " + key, () -> store.put(key, metadata, condition, writer));
  }

  private static final class Cut extends FilterOutputStream {
    Cut(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      out.write(b, off, len / 2);
      throw new IOException("cut as told");
    }
  }

  /** Ends with an error in the middle of whatever there is. */
  private static InputStream cut(InputStream answer) {
    return new FaultyObjectStore.CutInputStream(answer, 100);
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    return ask("COPY " + fromKey, () -> store.copy(fromKey, toKey));
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    return ask("LIST " + prefix, () -> store.list(prefix));
  }

  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    return ask("UPLOADS " + prefix, () -> store.abortUploads(prefix, keys));
  }

  @Override
  public void delete(String key) {
    Object _ =
        ask(
            "DELETE " + key,
            () -> {
              store.delete(key);
              return key;
            });
  }
}
