package io.liferaft.sqlite;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A PRAGMA as written.
 *
 * @param name lower-cased, without its schema
 * @param value what stands behind {@code =} or between parentheses; null for the bare form
 */
record PragmaForm(String name, @Nullable String value) {

  /** Forms that would break the node's files or its readers. */
  private static final Set<String> DISALLOWED_SETTERS =
      Set.of("journal_mode", "wal_autocheckpoint", "synchronous", "query_only");

  /** Return rows and change nothing; an argument only says what to look at. */
  private static final Set<String> INFORMATION_WITH_ARGUMENT =
      Set.of(
          "foreign_key_check",
          "foreign_key_list",
          "index_info",
          "index_list",
          "index_xinfo",
          "integrity_check",
          "quick_check",
          "table_info",
          "table_list",
          "table_xinfo");

  /** Return rows and change nothing in their bare form. */
  private static final Set<String> INFORMATION =
      Set.of(
          "analysis_limit",
          "application_id",
          "auto_vacuum",
          "automatic_index",
          "busy_timeout",
          "cache_size",
          "cache_spill",
          "cell_size_check",
          "checkpoint_fullfsync",
          "collation_list",
          "compile_options",
          "data_version",
          "database_list",
          "defer_foreign_keys",
          "encoding",
          "foreign_keys",
          "freelist_count",
          "fullfsync",
          "function_list",
          "ignore_check_constraints",
          "journal_mode",
          "journal_size_limit",
          "legacy_alter_table",
          "locking_mode",
          "max_page_count",
          "mmap_size",
          "module_list",
          "page_count",
          "page_size",
          "pragma_list",
          "query_only",
          "read_uncommitted",
          "recursive_triggers",
          "reverse_unordered_selects",
          "schema_version",
          "secure_delete",
          "synchronous",
          "temp_store",
          "threads",
          "trusted_schema",
          "user_version",
          "wal_autocheckpoint",
          "writable_schema");

  /** Written with the database or kept as replicated state: run by every node. */
  private static final Set<String> REPLICATED =
      Set.of(
          "application_id",
          "defer_foreign_keys",
          "foreign_keys",
          "incremental_vacuum",
          "user_version");

  /** Hints about speed: accepted, and without effect because connections hold no state. */
  private static final Set<String> IGNORED =
      Set.of(
          "busy_timeout",
          "cache_size",
          "cache_spill",
          "mmap_size",
          "optimize",
          "shrink_memory",
          "temp_store",
          "threads");

  /** Set something in the file, not in the connection. */
  private static final Set<String> WRITES_FILE =
      Set.of(
          "application_id",
          "auto_vacuum",
          "encoding",
          "incremental_vacuum",
          "journal_mode",
          "optimize",
          "page_size",
          "schema_version",
          "user_version",
          "wal_checkpoint",
          "writable_schema");

  /** Reads the form behind the word PRAGMA, which is the tokenizer's current token. */
  static PragmaForm parse(SqlTokenizer tokens) {
    tokens.next();
    String name = tokens.name();
    tokens.next();
    if (tokens.is('.')) {
      tokens.next();
      name = tokens.name();
      tokens.next();
    }
    if (!tokens.is('=') && !tokens.is('(')) {
      return new PragmaForm(name, null);
    }
    StringBuilder value = new StringBuilder();
    while (tokens.next() != SqlTokenizer.Kind.END
        && tokens.kind() != SqlTokenizer.Kind.SEMICOLON
        && !tokens.is(')')) {
      value.append(tokens.name());
    }
    return new PragmaForm(name, value.toString());
  }

  boolean disallowed() {
    return name.equals("wal_checkpoint") || (value != null && DISALLOWED_SETTERS.contains(name));
  }

  /** Only returns rows. */
  boolean informs() {
    return INFORMATION_WITH_ARGUMENT.contains(name)
        || (value == null && INFORMATION.contains(name));
  }

  /** Has no effect wherever it runs; unknown names are SQLite's own no-ops. */
  boolean ignored() {
    return IGNORED.contains(name) && !informs();
  }

  boolean writesFile() {
    return !informs() && WRITES_FILE.contains(name);
  }

  /** Why it may not run as a write; null when it may. */
  @Nullable String refusal() {
    if (informs() || ignored() || REPLICATED.contains(name)) {
      return null;
    }
    return "PRAGMA " + name + " is not supported here: it would act on one node only";
  }
}
