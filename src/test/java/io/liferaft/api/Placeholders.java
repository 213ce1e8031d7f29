package io.liferaft.api;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What stands between double braces in a recorded pair: known values, or forms of unknown ones. */
final class Placeholders {

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z0-9-]+)}}");

  private static final Map<String, String> FORMS =
      Map.of(
          "any", "(?s:.*)",
          "any-text", "[^\"\n]*",
          "any-number", "-?[0-9]+(?:\\.[0-9]+)?(?:e[-+][0-9]+)?",
          "positive", "[1-9][0-9]*",
          "seconds", "[0-9]+(?:\\.[0-9]+)?(?:e-[0-9]+)?",
          "time", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?Z",
          "duration", "[0-9.]+(?:ns|µs|ms|s)");

  private final Map<String, String> known = new HashMap<>(Map.of("lf", "\n"));

  void put(String name, String value) {
    known.put(name, value);
  }

  /** The text with all known values in place. */
  String fill(String text) {
    return PLACEHOLDER
        .matcher(text)
        .replaceAll(found -> {
          String value = known.get(found.group(1));
          return Matcher.quoteReplacement(value == null ? found.group() : value);
        });
  }

  /** What a text has to match to be what is expected. */
  Pattern pattern(String expected) {
    StringBuilder pattern = new StringBuilder();
    Matcher found = PLACEHOLDER.matcher(expected);
    int at = 0;
    while (found.find()) {
      pattern.append(Pattern.quote(expected.substring(at, found.start())));
      pattern.append(form(found.group(1)));
      at = found.end();
    }
    return Pattern.compile(pattern.append(Pattern.quote(expected.substring(at))).toString());
  }

  private String form(String name) {
    @Nullable String value = known.get(name);
    @Nullable String form = FORMS.get(name);
    if (value != null) {
      return Pattern.quote(value);
    }
    if (form == null) {
      throw new IllegalArgumentException("unknown placeholder " + name);
    }
    return form;
  }
}
