package io.liferaft.membership;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Tells an address of the HTTP API from one of the Raft port: operators mistake them. */
final class HttpProbe {

  private static final Duration LIMIT = Duration.ofSeconds(1);

  private HttpProbe() {}

  /** Whether something there speaks HTTP/1.1. Waits for a second at the most. */
  static boolean speaksHttp(String address) throws InterruptedException {
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(LIMIT).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + address + "/status"))
              .version(HttpClient.Version.HTTP_1_1)
              .timeout(LIMIT)
              .build();
      HttpResponse<Void> response = client.send(request, HttpResponse.BodyHandlers.discarding());
      return response.statusCode() > 0;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }
}
