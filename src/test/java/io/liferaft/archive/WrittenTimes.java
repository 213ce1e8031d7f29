package io.liferaft.archive;

import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A store whose clock a test moves. */
final class WrittenTimes implements ObjectStore {

  private final ObjectStore store;
  private final Map<String, Instant> written = new HashMap<>();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  WrittenTimes(ObjectStore store) {
    this.store = store;
  }

  Instant now() {
    return now;
  }

  void advance(Duration by) {
    now = now.plus(by);
  }

  /** As when objects were copied one after the other: all that are there are written now. */
  void rewritten(String prefix) {
    list(prefix).forEach(info -> written.put(info.key(), now));
  }

  private ObjectInfo timed(ObjectInfo info) {
    return new ObjectInfo(
        info.key(),
        info.sizeBytes(),
        info.etag(),
        info.versionId(),
        written.getOrDefault(info.key(), info.modified()),
        info.metadata());
  }

  @Override
  public String location() {
    return store.location();
  }

  @Override
  public Optional<ObjectInfo> head(String key) {
    return store.head(key).map(this::timed);
  }

  @Override
  public InputStream get(String key, long offset, @Nullable String etag) {
    return store.get(key, offset, etag);
  }

  @Override
  public InputStream getRange(String key, long offset, long bytes) {
    return store.getRange(key, offset, bytes);
  }

  @Override
  public ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
    ObjectInfo info;
    try {
      info = store.put(key, metadata, condition, writer);
    } catch (RuntimeException e) {
      // It may be there all the same.
      var _ = written.putIfAbsent(key, now);
      throw e;
    }
    written.put(key, now);
    return timed(info);
  }

  @Override
  public ObjectInfo copy(String fromKey, String toKey) {
    return store.copy(fromKey, toKey);
  }

  @Override
  public List<ObjectInfo> list(String prefix) {
    return store.list(prefix).stream().map(this::timed).toList();
  }

  @Override
  public int abortUploads(String prefix, Predicate<String> keys) {
    return store.abortUploads(prefix, keys);
  }

  @Override
  public void delete(String key) {
    store.delete(key);
  }
}
