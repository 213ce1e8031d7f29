package io.liferaft.sqlite;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Facts of the open store.
 *
 * @param file the main database file; null while closed
 * @param sizeBytes of the main file
 * @param walBytes of its WAL
 * @param sqliteVersion of the library
 * @param foreignKeys whether the write connection enforces foreign keys
 */
public record StoreStatus(
    @Nullable Path file,
    long sizeBytes,
    long walBytes,
    String sqliteVersion,
    boolean foreignKeys) {}
