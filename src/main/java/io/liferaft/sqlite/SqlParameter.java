package io.liferaft.sqlite;

import org.jspecify.annotations.Nullable;

/**
 * One value for a placeholder.
 *
 * @param name the name without its prefix, which matches {@code :name}, {@code @name} and {@code
 *     $name}; null for a positional value
 * @param value a {@link Long}, {@link Double}, {@link String}, {@code byte[]} or null
 */
public record SqlParameter(@Nullable String name, @Nullable Object value) {

  public SqlParameter {
    if (value != null
        && !(value instanceof Long
            || value instanceof Double
            || value instanceof String
            || value instanceof byte[])) {
      throw new IllegalArgumentException("unsupported parameter type " + value.getClass());
    }
  }
}
