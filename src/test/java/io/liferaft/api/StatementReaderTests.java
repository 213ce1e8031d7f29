package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatementReaderTests {

  private final StatementReader reader = new StatementReader(1 << 28);

  @Test
  void readsBothKindsOfStatements() throws IOException {
    assertThat(read("[\"A\", [\"B\"], [\"C\", 1]] and whatever follows"))
        .containsExactly(
            SqlStatement.of("A"),
            SqlStatement.of("B"),
            new SqlStatement("C", List.of(new SqlParameter(null, 1L))));
  }

  @Test
  void dropsEmptyStatementsButKeepsBlankOnes() throws IOException {
    assertThat(read("[\"\", [\"\", 1], \" \"]")).containsExactly(SqlStatement.of(" "));
  }

  @ParameterizedTest
  @CsvSource({
    "5, 5",
    "-0, 0",
    "9223372036854775807, 9223372036854775807",
    "-9223372036854775808, -9223372036854775808",
    "true, 1",
    "false, 0",
  })
  void bindsInteger(String literal, long value) throws IOException {
    assertThat(parameter(literal)).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({"5.0, 5", "5e0, 5", "9223372036854775808, 9223372036854775808", "1e-400, 0"})
  void bindsReal(String literal, double value) throws IOException {
    assertThat(parameter(literal)).isEqualTo(value);
  }

  @Test
  void bindsNullAndTexts() throws IOException {
    assertThat(parameter("null")).isNull();
    assertThat(parameter("\"x'0g'\"")).isEqualTo("x'0g'");
    assertThat(parameter("\"x'012'\"")).isEqualTo("x'012'");
    assertThat(parameter("\"x'\"")).isEqualTo("x'");
    assertThat(parameter("\"\"")).isEqualTo("");
    assertThat(parameter("\"\\ud83d\\ude00 \\ud83d\"")).isEqualTo("\ud83d\ude00 \ufffd");
  }

  @Test
  void bindsBlobs() throws IOException {
    assertThat(parameter("\"x'DEADbeef'\"")).isEqualTo(new byte[] {-34, -83, -66, -17});
    assertThat(parameter("\" X'00'\\n\"")).isEqualTo(new byte[] {0});
    assertThat(parameter("\"x''\"")).isEqualTo(new byte[0]);
    assertThat(parameter("[0, 255]")).isEqualTo(new byte[] {0, -1});
    assertThat(parameter("[]")).isEqualTo(new byte[0]);
  }

  @Test
  void bindsNamedParametersOnceEach() throws IOException {
    List<SqlParameter> parameters =
        read("[[\"S\", {\"a\": 1, \"b\": [1], \"a\": 2}, 3, {}]]").getFirst().parameters();

    assertThat(parameters).extracting(SqlParameter::name).containsExactly("a", "b", null);
    assertThat(parameters).extracting(SqlParameter::value).containsExactly(2L, new byte[] {1}, 3L);
  }

  @Test
  void replacesBytesThatAreNotUtf8() throws IOException {
    byte[] body = "[\"a?b\"]".getBytes(StandardCharsets.US_ASCII);
    body[3] = (byte) 0xff;

    assertThat(reader.read(new ByteArrayInputStream(body), _ -> {}))
        .containsExactly(SqlStatement.of("a\ufffdb"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = true,
      quoteCharacter = '`',
      value = {
        "``                        | invalid JSON body",
        "nonsense                  | invalid JSON body",
        "[\"a\"                    | invalid JSON body",
        "[\"a\",]                  | invalid JSON body",
        "[[\"a\",01]]              | invalid JSON body",
        "[\"a\", 5, {              | invalid JSON body",
        "[\"a\tb\"]                | invalid JSON body",
        "{\"a\":                   | invalid JSON body",
        "[5, [\"a\", {\"b\"        | invalid JSON body",
        "\"a\"                     | invalid request",
        "{\"a\": 1}                | invalid request",
        "5                         | invalid request",
        "[5]                       | invalid request",
        "[null]                    | invalid request",
        "[{\"a\": [1]}]            | invalid request",
        "[[]]                      | invalid request",
        "[[5, \"a\"]]              | invalid request",
        "[[[\"a\"]]]               | invalid request",
        "[]                        | no statements",
        "[[\"a\", {\"b\": {}}]]    | unsupported type map[string]interface {}",
        "[[\"a\", [\"b\"]]]        | unsupported type []interface {}",
        "[[\"a\", [[1]]]]          | unsupported type []interface {}",
        "[[\"a\", [1, 256]]]       | unsupported type 256",
        "[[\"a\", [-1]]]           | unsupported type -1",
        "[[\"a\", [1.0]]]          | unsupported type 1.0",
        "[[\"a\", 1e400]]          | invalid number 1e400",
      })
  void refuses(String body, String text) {
    assertThatExceptionOfType(RequestFailure.class)
        .isThrownBy(() -> read(body == null ? "" : body))
        .withMessage(text)
        .matches(e -> e.status() == 400);
  }

  @Test
  void refusesDeepNestingAtOnce() {
    String deep = "[[\"a\"," + "[".repeat(10_000_000);

    assertThatExceptionOfType(RequestFailure.class)
        .isThrownBy(() -> read(deep))
        .withMessage("invalid JSON body");
  }

  @Test
  void takesManyAndLongStatements() throws IOException {
    String statement = "\"INSERT INTO t VALUES('" + "x".repeat(10_000_000) + "')\"";

    assertThat(read("[" + statement + "]").getFirst().sql()).hasSize(statement.length() - 2);
    assertThat(read("[" + "\"SELECT 1\",".repeat(99_999) + "\"SELECT 2\"]")).hasSize(100_000);
  }

  private List<SqlStatement> read(String body) throws IOException {
    return reader.read(new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)), _ -> {});
  }

  private @org.jspecify.annotations.Nullable Object parameter(String literal) throws IOException {
    return read("[[\"S\", " + literal + "]]").getFirst().parameters().getFirst().value();
  }
}
