package io.liferaft.objectstore;

/** When a put may take effect. */
public sealed interface PutCondition {

  /** Whatever is there. */
  record Always() implements PutCondition {}

  /** Only when the key holds nothing (If-None-Match: *). */
  record IfAbsent() implements PutCondition {}

  /** Only when the key holds the object with this etag (If-Match). */
  record IfMatch(String etag) implements PutCondition {}
}
