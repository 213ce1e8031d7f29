package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.SqlReply;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.support.TestRaftNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests and answers recorded from rqlite, or composed by its rules, byte by byte. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecordedAnswersTests {

  @AutoClose private ApiServer server;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder);
  }

  @TestFactory
  Stream<DynamicTest> answersAsRqliteDoes() throws IOException {
    try (InputStream cases =
        Objects.requireNonNull(getClass().getResourceAsStream("/rqlite/data-api.json"))) {
      return JsonMapper.shared().readTree(cases).valueStream().toList().stream()
          .map(c -> DynamicTest.dynamicTest(c.get("name").stringValue(), () -> check(c)));
    }
  }

  private void check(JsonNode recorded) throws IOException {
    server.raft.reset();
    SqlReply reply = reply(recorded);
    server.raft.sql = _ -> reply;
    String request = recorded.get("request").stringValue();
    int space = request.indexOf(' ');

    RawHttp.Answer answer =
        server.http.send(
            request.substring(0, space),
            request.substring(space + 1),
            recorded.path("headers").asString(""),
            recorded.path("body").asString("").getBytes(StandardCharsets.UTF_8));

    int status = recorded.path("status").asInt(200);
    assertThat(answer.text()).isEqualTo(recorded.get("answer").stringValue());
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("Content-Length")).hasSize(1);
    assertThat(answer.header("X-Rqlite-Version")).singleElement().asString().startsWith("v10.2.7");
    assertThat(answer.header("Access-Control-Allow-Methods")).containsExactly("OPTIONS, GET, POST");
    assertThat(answer.header("Access-Control-Allow-Headers")).containsExactly("Content-Type");
    assertThat(answer.header("Access-Control-Allow-Origin")).isEmpty();
    if (status == 200 && !answer.text().isEmpty()) {
      assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
      assertThat(answer.header("X-Rqlite-Served-By"))
          .isEqualTo(
              answer.text().contains("\"results\":[],\"error\"")
                  ? List.of()
                  : List.of("127.0.0.1:4001"));
    } else if (status >= 400 && !answer.text().isEmpty()) {
      assertThat(answer.header("Content-Type")).containsExactly("text/plain; charset=utf-8");
      assertThat(answer.header("X-Content-Type-Options")).containsExactly("nosniff");
      assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    }
  }

  private static SqlReply reply(JsonNode recorded) {
    List<SqlResult> results = new ArrayList<>();
    for (JsonNode result : recorded.path("reply")) {
      if (result.has("write")) {
        results.add(
            new SqlResult.Write(
                result.get("write").get(0).longValue(), result.get("write").get(1).longValue(), 5));
      } else if (result.has("failed")) {
        results.add(new SqlResult.Failed(result.get("failed").stringValue(), 5));
      } else {
        List<@Nullable Object[]> values = new ArrayList<>();
        for (JsonNode row : result.get("values")) {
          values.add(row.valueStream().map(RecordedAnswersTests::value).toArray());
        }
        results.add(
            new SqlResult.Rows(
                strings(result.get("columns")), strings(result.get("types")), values, 5));
      }
    }
    String error = recorded.has("error") ? recorded.get("error").stringValue() : null;
    return new SqlReply(
        results, error, recorded.path("raftIndex").asLong(-1), TestRaftNode.SELF.httpAddress());
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::stringValue).toList();
  }

  private static @Nullable Object value(JsonNode node) {
    if (node.isNull()) {
      return null;
    }
    if (node.isObject()) {
      return HexFormat.of().parseHex(node.get("blob").stringValue());
    }
    if (node.isString()) {
      return node.stringValue().equals("+Inf")
          ? (Object) Double.POSITIVE_INFINITY
          : node.stringValue();
    }
    return node.isIntegralNumber() ? (Object) node.longValue() : (Object) node.doubleValue();
  }
}
