package io.liferaft.security;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** rqlite's permissions. None implies another, except {@link #ALL}. */
public enum Permission {
  ALL,
  EXECUTE,
  QUERY,
  LOAD,
  BACKUP,
  SNAPSHOT,
  STATUS,
  READY,
  REMOVE,
  JOIN,
  JOIN_READ_ONLY,
  JOIN_READ_REPLICA,
  LEADER_OPS,
  UI;

  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** As the file spells it. */
  public String text() {
    return text;
  }

  /** The permission that the file spells so; empty for none. */
  public static Optional<Permission> of(String text) {
    return Arrays.stream(values()).filter(p -> p.text.equals(text)).findFirst();
  }
}
