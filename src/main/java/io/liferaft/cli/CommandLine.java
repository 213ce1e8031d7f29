package io.liferaft.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A node's command line, {@code [flags] [data directory]}, read as rqlited reads its own, with
 * Spring's arguments anywhere in it.
 */
public final class CommandLine {

  /** What the program is to do. */
  public sealed interface Outcome {}

  /**
   * Start a node.
   *
   * @param arguments for Spring
   * @param notices what the log is to say, once, of flags without effect
   */
  public record Start(List<String> arguments, List<String> notices) implements Outcome {
    public Start {
      arguments = List.copyOf(arguments);
      notices = List.copyOf(notices);
    }
  }

  /**
   * Print a text and end; on standard output when the status is 0, else on standard error.
   *
   * @param text ends with a line feed
   */
  public record Exit(int status, String text) implements Outcome {}

  private static final int REFUSED = 1;
  private static final int WRONG_USAGE = 2;

  /** Spring's own, the only ones without a dot. */
  private static final Set<String> SPRING = Set.of("--debug", "--trace");

  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    Refusal(int status, String sentence) {
      super(sentence, null, false, false);
      this.status = status;
    }
  }

  private final List<String> words;
  private final String version;
  private final List<String> spring = new ArrayList<>();
  private final Map<String, String> given = new HashMap<>();
  private @Nullable String dataDirectory;
  private int at;

  private CommandLine(List<String> words, String version) {
    this.words = words;
    this.version = version;
  }

  /**
   * Reads a command line.
   *
   * @param version of this program, a whole line for {@code -version}
   */
  public static Outcome read(List<String> words, String version) {
    CommandLine line = new CommandLine(List.copyOf(words), version);
    try {
      line.parse();
      return line.outcome();
    } catch (Refusal e) {
      return new Exit(e.status, "liferaftd: " + e.getMessage() + "\n");
    }
  }

  private void parse() throws Refusal {
    boolean onlyWords = false;
    while (at < words.size() && !wantsHelp()) {
      String word = words.get(at++);
      if (!onlyWords && isSpring(word)) {
        spring.add(word);
      } else if (dataDirectory != null) {
        throw new Refusal(
            REFUSED,
            "arguments after data directory (%s) are not accepted (%s)"
                .formatted(dataDirectory, String.join(" ", words.subList(at - 1, words.size()))));
      } else if (!onlyWords && word.equals("--")) {
        onlyWords = true;
      } else if (onlyWords || word.length() < 2 || !word.startsWith("-")) {
        dataDirectory = word;
      } else {
        flag(word);
      }
    }
  }

  private static boolean isSpring(String word) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    return SPRING.contains(name) || (name.startsWith("--") && name.indexOf('.') > 2);
  }

  private void flag(String word) throws Refusal {
    String text = word.substring(word.startsWith("--") ? 2 : 1);
    int equals = text.indexOf('=');
    String name = equals < 0 ? text : text.substring(0, equals);
    if (name.isEmpty() || name.startsWith("-")) {
      throw new Refusal(WRONG_USAGE, "bad flag syntax: " + word);
    }
    Flag flag =
        Flags.named(name)
            .orElseThrow(() ->
                new Refusal(
                    WRONG_USAGE,
                    "flag provided but not defined: -%s (liferaftd -h lists those there are)"
                        .formatted(name)));
    String value;
    if (equals >= 0) {
      value = text.substring(equals + 1);
    } else if (flag.kind() == Kind.SWITCH) {
      value = "true";
    } else if (at < words.size()) {
      value = words.get(at++);
    } else {
      throw new Refusal(WRONG_USAGE, "flag needs an argument: -" + name);
    }
    try {
      given.put(name, flag.kind().canonical(value));
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          WRONG_USAGE,
          "invalid value \"%s\" for flag -%s: %s".formatted(value, name, e.getMessage()));
    }
  }

  private Outcome outcome() throws Refusal {
    if (wantsHelp()) {
      return new Exit(0, Help.text());
    }
    if (asked("version")) {
      return new Exit(0, version + "\n");
    }
    Map<String, String> settings = new TreeMap<>();
    Map<String, String> origins = new HashMap<>();
    List<String> notices = new ArrayList<>();
    for (Flag flag : Flags.all()) {
      String value = given.get(flag.name());
      if (value != null) {
        carryOut(flag, value, settings, origins, notices);
      }
    }
    Optional<String> contradiction = TlsFlags.contradiction(given);
    if (contradiction.isPresent()) {
      throw new Refusal(REFUSED, contradiction.get());
    }
    if (dataDirectory != null) {
      Flags.DATA_DIRECTORY.put(settings, dataDirectory);
      settings
          .keySet()
          .forEach(key -> origins.putIfAbsent(key, "the data directory " + dataDirectory));
    }
    refuseTwice(origins);
    List<String> arguments = new ArrayList<>(spring);
    settings.forEach((key, value) -> arguments.add("--" + key + "=" + value));
    return new Start(arguments, notices);
  }

  private boolean wantsHelp() {
    return asked("h") || asked("help");
  }

  private boolean asked(String name) {
    return "true".equals(given.get(name));
  }

  private static void carryOut(
      Flag flag,
      String value,
      Map<String, String> settings,
      Map<String, String> origins,
      List<String> notices)
      throws Refusal {
    switch (flag.treatment()) {
      case Treatment.Sets(_, var translation) -> {
        try {
          translation.put(settings, value);
        } catch (IllegalArgumentException e) {
          throw new Refusal(
              REFUSED, "-%s=%s is refused: %s".formatted(flag.name(), value, e.getMessage()));
        }
        settings.keySet().forEach(key -> origins.putIfAbsent(key, "-" + flag.name()));
      }
      case Treatment.Harmless(String why) -> {
        if (!flag.atDefault(value)) {
          notices.add("-%s=%s has no effect: %s".formatted(flag.name(), value, why));
        }
      }
      case Treatment.Never(String why) -> {
        if (!flag.asksForNothing(value)) {
          throw new Refusal(REFUSED, "-%s is not supported: %s".formatted(flag.name(), why));
        }
      }
      case Treatment.Prints() -> {
        // -h=false asks for nothing
      }
    }
  }

  /**
   * A flag and an argument for one setting: whichever won, the other would be dropped in silence.
   */
  private void refuseTwice(Map<String, String> origins) throws Refusal {
    for (String argument : spring) {
      String key = argument.substring(2).replaceFirst("=.*", "");
      for (Map.Entry<String, String> origin : origins.entrySet()) {
        if (relaxed(key).equals(relaxed(origin.getKey()))) {
          throw new Refusal(
              REFUSED,
              "%s and --%s say the same thing: leave one out".formatted(origin.getValue(), key));
        }
      }
    }
  }

  /** Spring takes {@code dataDir} for {@code data-dir}. */
  private static String relaxed(String key) {
    return key.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }
}
