package io.liferaft.objectstore;

import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Bytes under keys, in one bucket or directory. Only complete objects become visible. All methods
 * block, are safe for use by many threads and throw {@link ObjectStoreException}; none holds an
 * object in memory.
 */
public interface ObjectStore {

  /** Where this is, for logs and messages: {@code s3://bucket} or {@code file:/directory}. */
  String location();

  /**
   * What is stored under a key.
   *
   * @return empty only when the store answered that nothing is there; a delete marker as the newest
   *     version is {@code NOT_FOUND}, an error
   */
  Optional<ObjectInfo> head(String key);

  /**
   * Reads an object from an offset to its end.
   *
   * @param etag when not null the read fails with {@code PRECONDITION_FAILED} if the object changed
   */
  InputStream get(String key, long offset, @Nullable String etag);

  /**
   * Reads a piece of an object that is never replaced.
   *
   * @param bytes how many; the stream ends earlier where the object does
   */
  InputStream getRange(String key, long offset, long bytes);

  /** Writes an object, replacing what is there if the condition holds; durable on return. */
  ObjectInfo put(
      String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer);

  /**
   * Whether a condition of a put holds at the moment at which it takes effect, as far as this store
   * has shown; false once one was only looked up before.
   */
  default boolean keepsConditions() {
    return true;
  }

  /** Copies an object with its metadata inside the store, without moving its bytes through here. */
  ObjectInfo copy(String fromKey, String toKey);

  /** Objects whose key starts with the prefix, in key order; their metadata may be left out. */
  List<ObjectInfo> list(String prefix);

  /** Those of {@link #list(String)} whose key comes after another one. */
  default List<ObjectInfo> list(String prefix, String after) {
    return list(prefix).stream().filter(info -> info.key().compareTo(after) > 0).toList();
  }

  /**
   * Gives up the unfinished uploads of one key, those under way included.
   *
   * @return how many; 0 where such are never left
   */
  default int abortUploads(String key) {
    return abortUploads(key, key::equals);
  }

  /**
   * Gives up the unfinished uploads of some keys, those under way included.
   *
   * @param prefix of all of the keys
   * @param keys whose uploads are meant
   * @return how many; 0 where such are never left
   */
  int abortUploads(String prefix, Predicate<String> keys);

  /** Deletes an object; a missing one is no error. */
  void delete(String key);
}
