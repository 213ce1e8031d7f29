package io.liferaft.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Talks to one node's HTTP API as rqlite's clients do. */
public final class RqliteClient {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final String address;

  public RqliteClient(String address) {
    this.address = address;
  }

  /** Sends a request whatever the answer; status 0 stands for no connection. */
  public Answer send(
      String method, String path, String contentType, HttpRequest.BodyPublisher body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + address + path))
            .timeout(Duration.ofMinutes(5))
            .header("Content-Type", contentType)
            .method(method, body)
            .build();
    try {
      HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body(), response.headers());
    } catch (IOException e) {
      return new Answer(0, e.toString(), HttpHeaders.of(Map.of(), (_, _) -> true));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public Answer get(String path) {
    return send("GET", path, "text/plain", HttpRequest.BodyPublishers.noBody());
  }

  public Answer post(String path, String json) {
    return send("POST", path, "application/json", HttpRequest.BodyPublishers.ofString(json));
  }

  public Answer delete(String path, String json) {
    return send("DELETE", path, "application/json", HttpRequest.BodyPublishers.ofString(json));
  }

  public Answer sendText(String path, String text) {
    return send("POST", path, "text/plain", HttpRequest.BodyPublishers.ofString(text));
  }

  /** Runs statements that must succeed. */
  public JsonNode execute(String... statements) {
    Answer answer = post("/db/execute", JSON.writeValueAsString(statements));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).doesNotContain("\"error\"");
    return answer.json();
  }

  /** Reads at a level; the answer's values as JSON text. */
  public String query(String level, String sql) {
    Answer answer = post("/db/query?level=" + level, JSON.writeValueAsString(new String[] {sql}));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    JsonNode result = answer.json().path("results").path(0);
    assertThat(result.has("error")).as(answer.body()).isFalse();
    return result.path("values").toString();
  }

  public Answer load(Path file) throws IOException {
    return send(
        "POST", "/db/load", "application/octet-stream", HttpRequest.BodyPublishers.ofFile(file));
  }

  /** Downloads into a file; returns the status. */
  public int download(String path, Path into) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + address + path))
            .timeout(Duration.ofMinutes(5))
            .build();
    try {
      return HTTP.send(request, HttpResponse.BodyHandlers.ofFile(into)).statusCode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(String text) {
    return JSON.readTree(text);
  }

  public boolean ready() {
    return get("/readyz").status() == 200;
  }

  public boolean live() {
    return get("/actuator/health/liveness").status() == 200;
  }

  /** A number from Prometheus' page, summed over its tags; NaN when it is missing. */
  public double metric(String nameWithTags) {
    int tags = nameWithTags.indexOf('{');
    String name = tags < 0 ? nameWithTags : nameWithTags.substring(0, tags);
    // Of counters the page knows the name without its ending. The whole page costs 20 ms.
    String family = name.replaceFirst("_(total|count|sum|max|bucket)$", "");
    return get("/actuator/prometheus?includedNames=" + name + "," + family)
        .body()
        .lines()
        .filter(line -> line.startsWith(nameWithTags))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .reduce(Double::sum)
        .orElse(Double.NaN);
  }

  /** What came back. */
  public record Answer(int status, String body, HttpHeaders headers) {
    public JsonNode json() {
      return JSON.readTree(body);
    }
  }
}
