package io.liferaft.api;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * What every answer has to keep to besides what its pair says: the headers that are always there,
 * content types, and who is named as having served what. A header that a pair names replaces its
 * rule; {@code none} as its value says that it must not be there.
 *
 * @param users whether the node has some
 */
record AnswerRules(HttpPair pair, Placeholders placeholders, boolean users) {

  private static final String TYPE = "Content-Type";
  private static final String SERVED_BY = "X-Rqlite-Served-By";
  private static final int JOURNAL_MODE_OFFSET = 18;

  void check(RawHttp.Answer answer) throws IOException {
    assertThat(answer.whole()).as("the whole answer came").isTrue();
    body(answer);
    assertThat(answer.status()).as("status; body: %s", answer.text()).isEqualTo(pair.status());
    assertThat(answer.header("X-RQLITE-VERSION")).singleElement().asString().startsWith("v10.2.7");
    assertThat(answer.header("Access-Control-Allow-Methods")).containsExactly("OPTIONS, GET, POST");
    assertThat(answer.header("Content-Encoding")).isEmpty();
    assertThat(answer.header("Allow")).isEmpty();
    users(answer);
    for (String header : pair.expectedHeaders()) {
      String name = header.substring(0, header.indexOf(':'));
      String value = header.substring(header.indexOf(':') + 1).strip();
      if (value.equals("none")) {
        assertThat(answer.header(name)).as(name).isEmpty();
      } else {
        assertThat(answer.header(name))
            .as(name)
            .singleElement()
            .asString()
            .matches(placeholders.pattern(value));
      }
    }
    if (!names(TYPE)) {
      contentType(answer);
    }
    if (!names(SERVED_BY)) {
      assertThat(answer.header(SERVED_BY)).as(SERVED_BY).isEqualTo(servedBy(answer));
    }
  }

  private void users(RawHttp.Answer answer) {
    assertThat(answer.header("Access-Control-Allow-Headers"))
        .containsExactly(users ? "Content-Type, Authorization" : "Content-Type");
    assertThat(answer.header("Access-Control-Allow-Credentials"))
        .isEqualTo(users ? List.of("true") : List.of());
    assertThat(answer.header("WWW-Authenticate"))
        .isEqualTo(users ? List.of("Basic realm=\"rqlite\"") : List.of());
    assertThat(answer.header("Access-Control-Allow-Origin"))
        .isEqualTo(users ? List.of("https://example.com") : List.of());
  }

  private boolean names(String header) {
    return pair.expectedHeaders().stream()
        .anyMatch(line -> line.regionMatches(true, 0, header + ":", 0, header.length() + 1));
  }

  private void contentType(RawHttp.Answer answer) {
    if (answer.status() >= 400 && !answer.text().isEmpty()) {
      assertThat(answer.header(TYPE)).as(TYPE).containsExactly("text/plain; charset=utf-8");
      assertThat(answer.header("X-Content-Type-Options")).containsExactly("nosniff");
    } else if (!answer.text().isEmpty() && "{[".indexOf(answer.text().charAt(0)) >= 0) {
      assertThat(answer.header(TYPE)).as(TYPE).containsExactly("application/json; charset=utf-8");
    }
  }

  /** Results name who made them; queued writes have none yet, and failed requests had none. */
  private List<String> servedBy(RawHttp.Answer answer) {
    String text = answer.text().replaceAll("\\s", "");
    boolean results =
        answer.status() == 200
            && pair.target().matches("/db/(execute|query|request|load).*")
            && text.startsWith("{\"results\":[")
            && !text.startsWith("{\"results\":[],\"error\"")
            && !text.contains("\"sequence_number\"");
    return results ? List.of(placeholders.fill("{{self}}")) : List.of();
  }

  private void body(RawHttp.Answer answer) throws IOException {
    byte[] bytes = answer.body().toByteArray();
    switch (pair.expectedBody()) {
      case "{{sqlite-wal}}" -> assertDatabase(bytes, 2);
      case "{{sqlite-delete}}" -> assertDatabase(bytes, 1);
      case "{{gzip-sqlite-wal}}" -> assertDatabase(unzipped(bytes), 2);
      case "{{gzip-sqlite-delete}}" -> assertDatabase(unzipped(bytes), 1);
      default ->
          assertThat(answer.text())
              .matches(placeholders.pattern(placeholders.fill(pair.expectedBody())));
    }
  }

  private static byte[] unzipped(byte[] bytes) throws IOException {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  /** Whole, and in this journal mode. */
  private static void assertDatabase(byte[] bytes, int mode) {
    assertThat(new String(bytes, 0, Math.min(15, bytes.length), US_ASCII))
        .as("what came: %s", new String(bytes, UTF_8).substring(0, Math.min(50, bytes.length)))
        .isEqualTo("SQLite format 3");
    assertThat(bytes[JOURNAL_MODE_OFFSET]).isEqualTo((byte) mode);
    assertThat(bytes[JOURNAL_MODE_OFFSET + 1]).isEqualTo((byte) mode);
    int pageSize = ((bytes[16] & 0xff) << 8) | (bytes[17] & 0xff);
    int pages = ByteBuffer.wrap(bytes).getInt(28);
    assertThat(bytes).hasSize(pageSize * pages);
  }
}
