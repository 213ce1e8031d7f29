package io.liferaft.api;

import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.springframework.beans.factory.ObjectProvider;

/**
 * What is looked at before a request goes to Raft.
 *
 * @param disallowedPragma whether a text holds a PRAGMA that would break the node
 * @param split the statements of a SQL text file
 * @param verifier refuses what is not a sound database file
 * @param readOnly whether a statement only reads
 */
record SqlChecks(
    Predicate<String> disallowedPragma,
    Splitter split,
    Verifier verifier,
    Predicate<SqlStatement> readOnly) {

  /** Splits a text file. */
  interface Splitter {
    /**
     * Its statements, read as they are asked for.
     *
     * @param longest bytes that one may have; beyond, the iterator throws {@link
     *     io.liferaft.sqlite.SqliteException.StatementTooLong}
     */
    Iterable<SqlStatement> statementsOf(Path file, long longest);
  }

  /** Checks a database file. */
  interface Verifier {
    /**
     * Looks at the whole file.
     *
     * @throws io.liferaft.sqlite.SqliteException.InvalidDatabase saying what is wrong
     */
    void verify(Path file) throws IOException;
  }

  static SqlChecks of(ObjectProvider<SqliteStore> store) {
    return new SqlChecks(
        SqliteStore::disallowedPragma,
        SqliteStore::statementsOf,
        SqliteStore::verify,
        statement -> store.getObject().readOnly(statement));
  }

  boolean anyDisallowedPragma(Iterable<SqlStatement> statements) {
    for (SqlStatement statement : statements) {
      if (disallowedPragma.test(statement.sql())) {
        return true;
      }
    }
    return false;
  }
}
