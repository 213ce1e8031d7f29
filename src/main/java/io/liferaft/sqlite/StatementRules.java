package io.liferaft.sqlite;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What may not run as a write because nodes would end up different, or because a connection would
 * remember it. Is shown every token of one statement in order.
 */
final class StatementRules {

  /** Name of the write connection's own table; see {@link WriteConnection}. */
  static final String COUNTERS = "_liferaft_counters";

  /** SQLite would stop reading there, and not see what was judged. */
  static final String NUL = "unrecognized token: the statement holds a NUL character";

  private static final Set<String> TIME_FUNCTIONS =
      Set.of("date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff");
  private static final Set<String> TIME_KEYWORDS =
      Set.of("current_timestamp", "current_date", "current_time");
  private static final Set<String> NOW = Set.of("now", "subsec", "subsecond", "localtime", "utc");
  private static final Set<String> NODE_TABLES = Set.of("dbstat", "sqlite_dbpage", "sqlite_stmt");
  private static final Set<String> NODE_TABLE_FUNCTIONS = Set.of("bytecode", "tables_used");

  /** Table-valued PRAGMAs that say the same on every node. */
  private static final Set<String> EQUAL_PRAGMAS =
      Set.of(
          "pragma_application_id",
          "pragma_foreign_key_check",
          "pragma_foreign_key_list",
          "pragma_index_info",
          "pragma_index_list",
          "pragma_index_xinfo",
          "pragma_table_info",
          "pragma_table_list",
          "pragma_table_xinfo",
          "pragma_user_version");

  private static final int SHORTEST_NAME = 6;
  private static final int LONGEST_NAME = 80;

  private final StatementKind kind;
  private final boolean reads;
  private int seen;
  private boolean fromSeen;
  private String first = "";
  private String object = "";
  private String last = "";
  private String beforeLast = "";
  private boolean lastWasName;
  private int depth;
  private int fixedDepth = -1;
  private String fixedPlace = "";
  private String timeCall = "";
  private int timeDepth = -1;
  private boolean timeArgument;
  private int timeCommas;
  private boolean statistics;
  private @Nullable String refusal;

  StatementRules(StatementKind kind, boolean explain) {
    this.kind = kind;
    this.reads = explain || kind == StatementKind.SELECT;
  }

  @Nullable String refusal() {
    return refusal;
  }

  /** Writes planner statistics, which connections read only when they load the schema. */
  boolean touchesStatistics() {
    return statistics && !reads;
  }

  void see(SqlTokenizer token) {
    if (token.kind() == SqlTokenizer.Kind.ILLEGAL && token.raw().equals("\0")) {
      refuse(NUL);
    }
    boolean mayName =
        switch (token.kind()) {
          case WORD, QUOTED, STRING -> true;
          default -> false;
        };
    String name = mayName && worthReading(token) ? token.name() : "";
    seen++;
    if (seen == 1) {
      first = name;
    }
    if (kind == StatementKind.OTHER && !reads) {
      seeDefinition(token, name);
    }
    if (!reads && mayName) {
      seeName(token, name);
    }
    if (kind == StatementKind.OTHER && !reads) {
      seeTime(token, name);
    }
    if (!reads && token.is('(') && lastWasName && NODE_TABLE_FUNCTIONS.contains(last)) {
      refuseNodeTable(last);
    }
    if (name.equals(COUNTERS)) {
      refuse("no such table: " + COUNTERS);
    }
    if (name.startsWith(CapturedTable.RESERVED)) {
      refuse("names that begin with " + CapturedTable.RESERVED + " are reserved");
    }
    beforeLast = last;
    last = mayName ? name : token.kind() == SqlTokenizer.Kind.PUNCTUATION ? token.raw() : "";
    lastWasName = mayName;
  }

  /** Most tokens of ordinary statements cannot be any of the names that matter. */
  private boolean worthReading(SqlTokenizer token) {
    int length = token.end() - token.start();
    if (length > LONGEST_NAME) {
      return false;
    }
    if (kind == StatementKind.OTHER || token.kind() != SqlTokenizer.Kind.WORD) {
      return true;
    }
    if (token.matches("from") || token.matches("join") || token.matches("into")) {
      fromSeen |= token.matches("from");
      return true;
    }
    return length >= SHORTEST_NAME && "_bdpstu".indexOf(token.firstLetter()) >= 0;
  }

  private void seeDefinition(SqlTokenizer token, String name) {
    if (seen == 1) {
      if (first.equals("attach") || first.equals("detach")) {
        refuse("ATTACH and DETACH are not supported: the database is replicated as one file");
      }
      return;
    }
    if (first.equals("vacuum") && token.isWord("into")) {
      refuse("VACUUM INTO is not supported: it would write files on every node");
    }
    if (!first.equals("create")) {
      return;
    }
    if (seen == 2 && (name.equals("temp") || name.equals("temporary"))) {
      refuseTemp();
    }
    if (object.isEmpty()
        && seen <= 4
        && Set.of("table", "index", "view", "trigger").contains(name)) {
      object = name;
    } else if (seen <= 8 && token.is('.') && last.equals("temp") && depth == 0 && definesName()) {
      refuseTemp();
    }
  }

  /** Whether the schema before the dot is that of the object which is being created. */
  private boolean definesName() {
    return beforeLast.equals(object) || beforeLast.equals("exists");
  }

  private void refuseTemp() {
    refuse("temporary objects are not supported: they would live on one connection only");
  }

  private void seeName(SqlTokenizer token, String name) {
    if (name.startsWith("sqlite_stat")) {
      statistics = true;
      if (object.equals("trigger")) {
        refuse("a trigger cannot write planner statistics here: nodes would plan differently");
      }
    }
    if (token.kind() == SqlTokenizer.Kind.STRING && !standsForTable()) {
      return;
    }
    if (NODE_TABLES.contains(name)
        || (name.startsWith("pragma_") && !EQUAL_PRAGMAS.contains(name))) {
      refuseNodeTable(name);
    }
  }

  /** SQLite takes a string for a name where a table must stand. */
  private boolean standsForTable() {
    return last.equals("from")
        || last.equals("join")
        || last.equals("into")
        || (fromSeen && last.equals(","));
  }

  private void refuseNodeTable(String name) {
    refuse(name + " differs between nodes and cannot be used in a write");
  }

  /** SQLite refuses the current time in indexes, CHECK constraints and generated columns. */
  private void seeTime(SqlTokenizer token, String name) {
    if (token.is('(')) {
      depth++;
      if (fixedDepth < 0 && startsFixedPlace()) {
        fixedDepth = depth;
      }
      if (fixedDepth >= 0 && timeDepth < 0 && lastWasName && TIME_FUNCTIONS.contains(last)) {
        timeDepth = depth;
        timeCall = last;
        timeArgument = false;
        timeCommas = 0;
      }
      return;
    }
    boolean fixed = fixedDepth >= 0 || indexed();
    if (token.is(')')) {
      if (timeDepth == depth) {
        if (!timeArgument || (timeCall.equals("strftime") && timeCommas == 0)) {
          refuseTime(timeCall);
        }
        timeDepth = -1;
      }
      if (fixedDepth == depth) {
        fixedDepth = -1;
      }
      depth--;
      return;
    }
    if (timeDepth == depth) {
      timeArgument = true;
      timeCommas += token.is(',') ? 1 : 0;
    }
    if (timeDepth >= 0 && NOW.contains(name)) {
      refuseTime(timeCall);
    }
    if (fixed && token.kind() == SqlTokenizer.Kind.WORD && TIME_KEYWORDS.contains(name)) {
      refuseTime(name);
    }
  }

  private boolean indexed() {
    return object.equals("index");
  }

  private boolean startsFixedPlace() {
    if (indexed()) {
      fixedPlace = "an index";
      return true;
    }
    boolean inTable = object.equals("table") && depth > 1;
    if ((inTable || first.equals("alter")) && last.equals("check")) {
      fixedPlace = "a CHECK constraint";
      return true;
    }
    if ((inTable || first.equals("alter")) && last.equals("as")) {
      fixedPlace = "a generated column";
      return true;
    }
    return false;
  }

  private void refuseTime(String function) {
    String call = TIME_KEYWORDS.contains(function) ? function : function + "()";
    refuse("non-deterministic use of " + call + " in " + (indexed() ? "an index" : fixedPlace));
  }

  private void refuse(String sentence) {
    if (refusal == null) {
      refusal = sentence;
    }
  }
}
