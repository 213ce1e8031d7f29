package io.liferaft.sqlite;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one {@link SqlEntry} came to; the same on every node.
 *
 * @param results one per statement that ran
 * @param error the failure of the request as a whole (a failing COMMIT, for example), with no
 *     results; else null
 * @param changed false when every statement failed or only read: the change index stays
 */
public record EntryOutcome(List<SqlResult> results, @Nullable String error, boolean changed) {

  public EntryOutcome {
    results = List.copyOf(results);
  }
}
