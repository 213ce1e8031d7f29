package io.liferaft.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** rqlited's flags of TLS: an SSL bundle of Spring for each of both ports. */
final class TlsFlags {

  private static final String HTTP = "spring.ssl.bundle.pem.http.";
  private static final String NODE = "spring.ssl.bundle.pem.node.";
  private static final String TLS = "liferaft.raft.tls.";

  private TlsFlags() {}

  static Treatment.Sets httpCertificate() {
    return bundle(
        List.of("server.ssl.bundle", HTTP + "keystore.certificate"),
        Map.of("server.ssl.bundle", "http"),
        HTTP,
        "keystore.certificate");
  }

  static Treatment.Sets httpKey() {
    return bundle(List.of(HTTP + "keystore.private-key"), Map.of(), HTTP, "keystore.private-key");
  }

  static Treatment.Sets httpAuthority() {
    return bundle(
        List.of(HTTP + "truststore.certificate"), Map.of(), HTTP, "truststore.certificate");
  }

  static Treatment.Sets httpClients() {
    return new Treatment.Sets(
        List.of("server.ssl.client-auth"),
        (settings, value) -> {
          if (value.equals("true")) {
            settings.put("server.ssl.client-auth", "need");
          }
        });
  }

  static Treatment.Sets nodeCertificate() {
    return bundle(
        List.of(TLS + "bundle", NODE + "keystore.certificate"),
        Map.of(TLS + "bundle", "node"),
        NODE,
        "keystore.certificate");
  }

  static Treatment.Sets nodeKey() {
    return bundle(List.of(NODE + "keystore.private-key"), Map.of(), NODE, "keystore.private-key");
  }

  static Treatment.Sets nodeAuthority() {
    return bundle(
        List.of(NODE + "truststore.certificate"), Map.of(), NODE, "truststore.certificate");
  }

  static Treatment.Sets trustEveryNode() {
    return new Treatment.Sets(
        List.of(TLS + "verify-server"),
        (settings, value) -> {
          if (value.equals("true")) {
            settings.put(TLS + "verify-server", "false");
          }
        });
  }

  /**
   * A file of a bundle that is read again when it changes, and only taken when key and certificate
   * belong together: of two files that are replaced, one is the first.
   */
  private static Treatment.Sets bundle(
      List<String> named, Map<String, String> more, String prefix, String file) {
    return new Treatment.Sets(
        named,
        (settings, value) -> {
          if (!value.isEmpty()) {
            settings.putAll(more);
            // As a URL: in a bare path Spring would look for the name of a scheme.
            settings.put(prefix + file, Path.of(value).toAbsolutePath().toUri().toString());
            settings.put(prefix + "reload-on-update", "true");
            settings.put(prefix + "keystore.verify-keys", "true");
            settings.put(prefix + "options.enabled-protocols", "TLSv1.2,TLSv1.3");
          }
        });
  }

  /**
   * What is wrong with the flags taken together.
   *
   * @param given canonical values by flag
   */
  static Optional<String> contradiction(Map<String, String> given) {
    return contradiction("http", given).or(() -> contradiction("node", given));
  }

  private static Optional<String> contradiction(String port, Map<String, String> given) {
    String certificate = port + "-cert";
    if (on(given, certificate) != on(given, port + "-key")) {
      return Optional.of(
          "either both -%s and -%s-key must be set, or neither".formatted(certificate, port));
    }
    String clients = port + "-verify-client";
    if (on(given, port + "-verify-common-name") && !on(given, clients)) {
      return Optional.of("-%s-verify-common-name needs -%s".formatted(port, clients));
    }
    // rqlited takes these without TLS, and does nothing.
    return List.of(port + "-ca-cert", clients).stream()
        .filter(flag -> on(given, flag) && !on(given, certificate))
        .findFirst()
        .map(flag -> "-%s needs -%s and -%s-key".formatted(flag, certificate, port));
  }

  private static boolean on(Map<String, String> given, String flag) {
    String value = given.getOrDefault(flag, "");
    return !value.isEmpty() && !value.equals("false");
  }
}
