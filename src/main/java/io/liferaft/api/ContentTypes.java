package io.liferaft.api;

/** Content types as rqlite spells them. */
final class ContentTypes {

  static final String JSON = "application/json; charset=utf-8";
  static final String TEXT = "text/plain; charset=utf-8";
  static final String BINARY = "application/octet-stream";
  static final String SQL = "application/sql";

  private ContentTypes() {}
}
