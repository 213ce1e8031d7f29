package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * The same entries one by one, in random groups, all at once, and in groups with a crash and a
 * replay in between: the same answers, the same changes, the same content.
 */
final class GroupingProperty {

  private static final int ENTRIES = 60;

  private final Path folder;
  private int checked;

  static final int LEAST = 10;

  GroupingProperty(Path folder) {
    this.folder = folder;
  }

  /** Checks cases from this seed on for so long, on a slow machine for longer; returns how many. */
  int holdsFor(Duration time, long firstSeed) throws IOException {
    long end = System.nanoTime() + time.toNanos();
    int cases = 0;
    do {
      holds(firstSeed + cases);
      cases++;
    } while (System.nanoTime() < end || cases <= LEAST);
    return cases;
  }

  /** Checks one case; a failure names the seed and the fewest entries that still fail. */
  void holds(long seed) throws IOException {
    List<SqlEntry> entries = RandomEntries.of(seed, ENTRIES);
    String difference = difference(entries, seed);
    if (difference != null) {
      List<SqlEntry> fewest = shrink(entries, fewer -> differs(fewer, seed));
      throw new AssertionError(
          "grouping shows; run this case again with -Dliferaft.grouping.seed=%d\n%s\nfewest entries:\n%s\nthere: %s"
              .formatted(
                  seed,
                  difference,
                  String.join("\n", fewest.stream().map(GroupingProperty::show).toList()),
                  difference(fewest, seed)));
    }
  }

  private boolean differs(List<SqlEntry> entries, long seed) {
    try {
      return difference(entries, seed) != null;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Leaves out halves, quarters, … for as long as it still fails. */
  private static List<SqlEntry> shrink(
      List<SqlEntry> failing, Predicate<List<SqlEntry>> stillFails) {
    List<SqlEntry> entries = failing;
    for (int part = entries.size() / 2; part >= 1; part = part / 2) {
      for (int from = 0; from + part <= entries.size(); ) {
        List<SqlEntry> fewer = new ArrayList<>(entries.subList(0, from));
        fewer.addAll(entries.subList(from + part, entries.size()));
        if (stillFails.test(fewer)) {
          entries = fewer;
        } else {
          from += part;
        }
      }
    }
    for (int i = 0; i < entries.size(); i++) {
      for (int leave = 0; leave < size(entries.get(i)); ) {
        List<SqlEntry> fewer = new ArrayList<>(entries);
        fewer.set(i, without(entries.get(i), leave));
        if (stillFails.test(fewer)) {
          entries = fewer;
        } else {
          leave++;
        }
      }
    }
    return entries;
  }

  private static int size(SqlEntry entry) {
    return ((List<SqlStatement>) entry.statements()).size();
  }

  private static SqlEntry without(SqlEntry entry, int left) {
    List<SqlStatement> fewer = new ArrayList<>((List<SqlStatement>) entry.statements());
    SqlStatement _ = fewer.remove(left);
    return new SqlEntry(
        fewer,
        entry.transaction(),
        entry.form(),
        entry.clockMillis(),
        entry.seed(),
        entry.stepBudget(),
        entry.answer());
  }

  private static String show(SqlEntry entry) {
    List<String> statements = new ArrayList<>();
    for (SqlStatement statement : entry.statements()) {
      statements.add(
          statement.sql() + (statement.parameters().isEmpty() ? "" : statement.parameters()));
    }
    return "  %s%s budget %d: %s"
        .formatted(
            entry.form(),
            entry.transaction() ? " transaction" : "",
            entry.stepBudget(),
            statements);
  }

  /** What two ways of grouping differ in; null for nothing. */
  private @Nullable String difference(List<SqlEntry> entries, long seed) throws IOException {
    Path here = folder.resolve("case-" + checked++);
    try (Run alone = new Run(here.resolve("alone"));
        Run random = new Run(here.resolve("random"));
        Run together = new Run(here.resolve("together"));
        Run replayed = new Run(here.resolve("replayed"))) {
      List<String> expected = alone.apply(entries, new Random(seed), 1, false);
      String found = first(entries, expected, random.apply(entries, new Random(seed), 9, false));
      if (found == null) {
        found = first(entries, expected, together.apply(entries, new Random(seed), 0, false));
      }
      if (found == null) {
        // The answers of a replay are nobody's: it counts what changed, and where.
        List<String> _ = replayed.apply(entries, new Random(seed), 9, true);
        found = first(entries, alone.changes, replayed.changes);
      }
      for (Run other : List.of(random, together, replayed)) {
        found = found != null ? found : alone.difference(other);
      }
      return found;
    } catch (SqliteException e) {
      return "a store failed: " + e;
    } finally {
      FileSystemUtils.deleteRecursively(here);
    }
  }

  private static @Nullable String first(
      List<SqlEntry> entries, List<String> expected, List<String> found) {
    for (int i = 0; i < expected.size(); i++) {
      if (!expected.get(i).equals(found.get(i))) {
        return "entry %d%n%s%nalone:   %s%ngrouped: %s"
            .formatted(i, show(entries.get(i)), expected.get(i), found.get(i));
      }
    }
    return null;
  }

  /** One store and what it has said. */
  private static final class Run implements AutoCloseable {
    private final Path folder;
    private final SqliteStore store = new SqliteStore();
    private final List<String> changes = new ArrayList<>();

    Run(Path folder) {
      this.folder = folder;
      store.open(folder);
    }

    /**
     * Applies all.
     *
     * @param most entries of a group; 0 for all in one
     * @param crashes closes the store now and then and applies again what its record lacks
     */
    List<String> apply(List<SqlEntry> entries, Random random, int most, boolean crashes)
        throws IOException {
      String[] answers = new String[entries.size()];
      String[] changed = new String[entries.size()];
      int recorded = 0;
      int next = 0;
      while (next < entries.size()) {
        int size = most == 0 ? entries.size() : 1 + random.nextInt(most);
        int end = Math.min(entries.size(), next + size);
        List<EntryOutcome> outcomes = store.apply(entries.subList(next, end));
        assertThat(outcomes).hasSize(end - next);
        for (int i = next; i < end; i++) {
          EntryOutcome outcome = outcomes.get(i - next);
          answers[i] = Entries.show(outcome) + (outcome.changed() ? " changed" : "");
          changed[i] = outcome.changed() ? "changed" : "not changed";
        }
        next = end;
        switch (random.nextInt(crashes ? 4 : 8)) {
          case 0 -> {
            if (store.checkpoint(new byte[0])) {
              recorded = next;
            }
          }
          case 1 -> {
            if (crashes) {
              store.close();
              store.open(folder);
              next = recorded;
            }
          }
          default -> {}
        }
      }
      changes.addAll(List.of(changed));
      return List.of(answers);
    }

    @Nullable String difference(Run other) {
      Map<String, String> own = dump();
      Map<String, String> others = other.dump();
      for (String object : own.keySet()) {
        if (!own.get(object).equals(others.get(object))) {
          return "%s in %s and %s:%n%s%n%s"
              .formatted(
                  object,
                  folder.getFileName(),
                  other.folder.getFileName(),
                  own.get(object),
                  others.get(object));
        }
      }
      return own.equals(others) && store.contentDigest().equals(other.store.contentDigest())
          ? null
          : "digests of " + folder.getFileName() + " and " + other.folder.getFileName();
    }

    /** Everything, read by SQL; the digest's own way of reading is checked with it. */
    private Map<String, String> dump() {
      Map<String, String> dump = new TreeMap<>();
      dump.put("schema", rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"));
      dump.put("user_version", rows("PRAGMA user_version"));
      dump.put("foreign keys", String.valueOf(store.status().foreignKeys()));
      String tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY 1";
      SqlResult list =
          store.query(List.of(SqlStatement.of(tables)), false, Duration.ofSeconds(10)).getFirst();
      for (@Nullable Object[] table : ((SqlResult.Rows) list).values()) {
        boolean withoutRowId = String.valueOf(table[1]).contains("WITHOUT ROWID");
        dump.put(
            String.valueOf(table[0]),
            rows(
                "SELECT %s* FROM \"%s\" ORDER BY 1"
                    .formatted(withoutRowId ? "" : "rowid, ", table[0])));
      }
      dump.put("integrity", rows("PRAGMA integrity_check"));
      return dump;
    }

    private String rows(String sql) {
      return Entries.show(
          store.query(List.of(SqlStatement.of(sql)), false, Duration.ofSeconds(10)));
    }

    @Override
    public void close() {
      store.close();
    }
  }
}
