package io.liferaft.api;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.pem.PemContent;
import org.springframework.boot.web.server.Ssl;
import org.springframework.core.env.Environment;

/**
 * HTTPS as it is set.
 *
 * @param http2 whether it is offered
 * @param commonName that clients' certificates must have; empty for any
 */
record HttpTls(
    boolean enabled,
    boolean http2,
    Ssl.ClientAuth clients,
    String commonName,
    String certificate,
    String key,
    String authority) {

  /**
   * Reads the settings.
   *
   * @throws IllegalArgumentException naming one that contradicts the others
   */
  static HttpTls of(@Nullable Ssl ssl, String commonName, Environment environment) {
    boolean enabled = ssl != null && Ssl.isEnabled(ssl);
    Ssl.ClientAuth clients =
        ssl == null || ssl.getClientAuth() == null ? Ssl.ClientAuth.NONE : ssl.getClientAuth();
    if (!commonName.isEmpty() && !(enabled && clients == Ssl.ClientAuth.NEED)) {
      throw new IllegalArgumentException(
          "liferaft.http.verify-common-name=%s is refused: it needs HTTPS (server.ssl.bundle) and server.ssl.client-auth=need; empty is valid without"
              .formatted(commonName));
    }
    String bundle = ssl == null ? null : ssl.getBundle();
    return new HttpTls(
        enabled,
        enabled && environment.getProperty("server.http2.enabled", Boolean.class, true),
        clients,
        commonName,
        file(environment, bundle, "keystore.certificate"),
        file(environment, bundle, "keystore.private-key"),
        file(environment, bundle, "truststore.certificate"));
  }

  /** Where it is; empty where the setting is the thing itself. */
  private static String file(Environment environment, @Nullable String bundle, String name) {
    String value =
        environment.getProperty("spring.ssl.bundle.pem.%s.%s".formatted(bundle, name), "");
    return PemContent.isPresentInText(value) ? "" : path(value);
  }

  /** As the flags take it, which become URLs. */
  private static String path(String value) {
    if (!value.startsWith("file:")) {
      return value;
    }
    try {
      return Path.of(URI.create(value)).toString();
    } catch (IllegalArgumentException _) {
      return value.substring("file:".length()); // a relative path
    }
  }

  /** What {@code /status} says. */
  Map<String, Object> report() {
    Map<String, Object> tls = new TreeMap<>(Map.of("enabled", Boolean.toString(enabled)));
    if (enabled) {
      tls.put(
          "client_auth",
          switch (clients) {
            case NEED -> "RequireAndVerifyClientCert";
            case WANT -> "VerifyClientCertIfGiven";
            case NONE -> "NoClientCert";
          });
      tls.put("cert_file", certificate);
      tls.put("key_file", key);
      tls.put("ca_file", authority);
      tls.put("next_protos", http2 ? List.of("h2", "http/1.1") : List.of("http/1.1"));
    }
    return tls;
  }
}
