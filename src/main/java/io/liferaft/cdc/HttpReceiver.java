package io.liferaft.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.util.Base64;

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
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint)
            .timeout(config.transmitTimeout())
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(json));
    if (endpoint.getUserInfo() != null) {
      request.header("Authorization", basic(endpoint.getUserInfo()));
    }
    int status = status(request.build());
    if (status != OK && status != ACCEPTED) {
      throw new IOException("the endpoint answered " + status);
    }
  }

  private int status(HttpRequest request) throws IOException, InterruptedException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (ConnectException e) {
      // The JDK's has no message of its own.
      throw new IOException(
          e.getCause() instanceof ConnectException cause
                  && cause.getCause() instanceof UnresolvedAddressException
              ? "the name of its host is not known"
              : "connection refused, or the host cannot be reached",
          e);
    }
  }

  /** As Go's client, and so rqlite, does with an address that names a user. */
  private static String basic(String user) {
    String credentials = user.contains(":") ? user : user + ":";
    return "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(UTF_8));
  }

  @Override
  public String name() {
    return config.shownEndpoint();
  }
}
