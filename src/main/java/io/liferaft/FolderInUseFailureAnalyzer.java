package io.liferaft;

import io.liferaft.sqlite.SqliteException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells in its one sentence that another process has the data directory. */
final class FolderInUseFailureAnalyzer
    extends AbstractFailureAnalyzer<SqliteException.FolderInUse> {

  FolderInUseFailureAnalyzer() {}

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, SqliteException.FolderInUse cause) {
    return new FailureAnalysis(
        String.valueOf(cause.getMessage()), "Each process needs a directory of its own.", cause);
  }
}
