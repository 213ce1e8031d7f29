package io.liferaft.cdc;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** POSTs each batch; 200 and 202 acknowledge it. */
final class HttpReceiver implements ChangeReceiver {

  private static final int OK = 200;
  private static final int ACCEPTED = 202;

  private final CdcConfig config;
  private final URI endpoint;
  private final HttpClient client;

  HttpReceiver(CdcConfig config) {
    this.config = config;
    this.endpoint = URI.create(config.endpoint());
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(config.transmitTimeout());
    if (config.tls() != null) {
      builder.sslContext(EndpointTls.context(config.tls()));
    }
    this.client = builder.build();
  }

  @Override
  public void send(byte[] json) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(endpoint)
            .timeout(config.transmitTimeout())
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(json))
            .build();
    int status = client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    if (status != OK && status != ACCEPTED) {
      throw new IOException("the endpoint answered " + status);
    }
  }

  @Override
  public String name() {
    return config.endpoint();
  }
}
