package io.liferaft.sqlite;

import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps the judged form of texts that were seen lately. For one thread. */
final class SqlTexts {

  private static final int LONGEST = 1024;

  private final Map<String, SqlText> known;

  /**
   * @param most texts that are kept
   */
  SqlTexts(int most) {
    this.known =
        new LinkedHashMap<>(most * 2, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, SqlText> eldest) {
            return size() > most;
          }
        };
  }

  SqlText of(String sql) {
    if (sql.length() > LONGEST) {
      return SqlText.parse(sql);
    }
    SqlText text = known.get(sql);
    if (text == null) {
      text = SqlText.parse(sql);
      known.put(sql, text);
    }
    return text;
  }
}
