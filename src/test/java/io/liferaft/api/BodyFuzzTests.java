package io.liferaft.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.liferaft.security.Credentials;
import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What clients send, spoilt at random: it is read, or refused with 400 and a text, and nothing
 * else. Every failure names its seed.
 */
class BodyFuzzTests {

  private static final int INPUTS = 4_000;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final StatementReader READER = new StatementReader(1 << 20);

  private static final List<String> BODIES =
      List.of(
          "[\"CREATE TABLE foo(a)\", [\"INSERT INTO foo VALUES(?, :b)\", 1.5e3, {\"b\": \"x'0aff'\"}]]",
          "[[\"SELECT ?, ?, ?\", [0, 255, 12], null, -9223372036854775808], \"\\u00e9\\ud83d\\ude00\"]",
          "[[\"x\", {\"a\": [1], \"b\": true, \"c\": 1e308}, \"  X''  \"], \"\", [\"\", 0]] rest");
  private static final List<String> QUERIES =
      List.of(
          "timeout=1h30m&db_timeout=1.5ms&q=SELECT+1%3B&level=Strong&freshness_strict&freshness=0",
          "retries=3&trailing_logs=-1&pretty&&a=%c3%a9&linearizable_timeout=10%C2%B5s&=x");
  private static final List<String> HEADERS =
      List.of("Basic Ym9iOnNlY3JldDE=", "basic ZXZlOnPDqWNyZXQ6Mw==", "Bearer abc", "Basic ");

  private static final String SPICE =
      "[]{}\",:\\0123456789eE+-.xX'nulltruefalse%;&= \t\n\u0000\u00ff\u00fe\u0080u";

  @ParameterizedTest
  @ValueSource(longs = {1, 20, 300})
  void readsOrRefuses(long seed) {
    assertTimeoutPreemptively(LIMIT, () -> run(new Random(seed), INPUTS, seed));
  }

  @Test
  @Tag("soak")
  void readsOrRefusesForAMinute() {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    assertTimeoutPreemptively(
        LIMIT.multipliedBy(2),
        () -> {
          for (long seed = 1_000; System.nanoTime() < end; seed++) {
            run(new Random(seed), INPUTS, seed);
          }
        });
  }

  /** Deep, long and repeated: what makes parsers recurse, copy or count. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[",
        "{\"a\":",
        "[\"a\",",
        "[[\"a\",[",
        "\"",
        "1",
        "\\u",
        " ",
        "[[\"a\",{\"a\":1},"
      })
  void readsOrRefusesManyTimesTheSame(String part) {
    String body = part.repeat(200_000);

    assertTimeoutPreemptively(LIMIT, () -> body(body.getBytes(UTF_8), 0));
    assertTimeoutPreemptively(LIMIT, () -> body(("[" + body + "]").getBytes(UTF_8), 0));
    assertTimeoutPreemptively(LIMIT, () -> parameters(body, 0));
    assertTimeoutPreemptively(LIMIT, () -> header("Basic " + body, 0));
  }

  private static void run(Random random, int inputs, long seed) throws IOException {
    for (int i = 0; i < inputs; i++) {
      body(spoilt(BODIES, random).getBytes(ISO_8859_1), seed);
      parameters(spoilt(QUERIES, random), seed);
      header(spoilt(HEADERS, random), seed);
    }
  }

  private static void body(byte[] body, long seed) throws IOException {
    try {
      List<SqlStatement> statements =
          READER.read(new ByteArrayInputStream(body), charged -> assertThat(charged).isPositive());
      assertThat(statements).noneMatch(statement -> statement.sql().isEmpty());
    } catch (RequestFailure e) {
      assertThat(e.status()).as("seed %d: %s", seed, new String(body, ISO_8859_1)).isEqualTo(400);
      assertThat(e.text()).isNotBlank();
    }
  }

  private static void parameters(String query, long seed) {
    try {
      QueryParameters parameters = QueryParameters.parse(query);
      assertThat(parameters.timeout()).isPositive();
      assertThat(parameters.level()).isNotNull();
    } catch (RequestFailure e) {
      assertThat(e.status()).as("seed %d: %s", seed, query).isEqualTo(400);
      assertThat(e.text()).isNotBlank();
    }
  }

  private static void header(String header, long seed) {
    Credentials credentials = BasicHeader.parse(header);
    if (!credentials.equals(Credentials.ANONYMOUS)) {
      String encoded = header.substring(6);
      assertThat(new String(Base64.getDecoder().decode(encoded), UTF_8))
          .as("seed %d", seed)
          .contains(":");
    }
  }

  /** One of them with a few characters put in, taken out, replaced, doubled or cut off. */
  private static String spoilt(List<String> whole, Random random) {
    StringBuilder text = new StringBuilder(whole.get(random.nextInt(whole.size())));
    for (int times = random.nextInt(6); times > 0 && !text.isEmpty(); times--) {
      int at = random.nextInt(text.length());
      char spice = SPICE.charAt(random.nextInt(SPICE.length()));
      switch (random.nextInt(6)) {
        case 0 -> text.insert(at, spice);
        case 1 -> text.deleteCharAt(at);
        case 2 -> text.setCharAt(at, spice);
        case 3 -> text.insert(at, text.substring(at, Math.min(text.length(), at + 9)));
        case 4 -> text.setLength(at);
        default -> text.setCharAt(at, (char) random.nextInt(256));
      }
    }
    return text.toString();
  }
}
