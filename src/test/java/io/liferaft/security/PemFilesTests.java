package io.liferaft.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Certificates;
import io.liferaft.support.Certificates.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PemFilesTests {

  private static final String CERTIFICATE = "spring.ssl.bundle.pem.http.keystore.certificate";
  private static final String KEY = "spring.ssl.bundle.pem.http.keystore.private-key";
  private static final String AUTHORITY = "spring.ssl.bundle.pem.http.truststore.certificate";

  private Path folder;
  private Certificates authority;
  private Identity node;

  @BeforeAll
  void issue(@TempDir Path own) {
    folder = own;
    authority = new Certificates(folder);
    node = authority.issue("node", "node.example.org,OU=x");
  }

  private static StandardEnvironment check(Map<String, Object> settings) {
    StandardEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().addFirst(new MapPropertySource("test", settings));
    new PemFiles().postProcessEnvironment(environment, new SpringApplication());
    return environment;
  }

  private static void assertRefused(Map<String, Object> settings, String begin, String... parts) {
    assertThatThrownBy(() -> check(settings))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(begin)
        .hasMessageContaining("valid is, for example, ");
    for (String part : parts) {
      assertThatThrownBy(() -> check(settings)).hasMessageContaining(part);
    }
  }

  @Test
  void takesFilesAndTextsThatBelongTogether() throws IOException {
    assertThatCode(() ->
            check(
                Map.of(
                    CERTIFICATE, node.certificate().toUri().toString(),
                    KEY, node.key().toString(),
                    AUTHORITY, authority.authority().toString())))
        .doesNotThrowAnyException();
    String text = Files.readString(node.key());
    assertThatCode(() -> check(Map.of(CERTIFICATE, node.certificate().toString(), KEY, text)))
        .doesNotThrowAnyException();
    assertThatCode(() -> check(Map.of())).doesNotThrowAnyException();
  }

  @Test
  void hasLaterPairsVerifiedUnlessToldOtherwise() {
    String verify = "spring.ssl.bundle.pem.http.keystore.verify-keys";
    String certificate = node.certificate().toString();
    String key = node.key().toString();

    assertThat(check(Map.of(CERTIFICATE, certificate, KEY, key)).getProperty(verify))
        .isEqualTo("true");
    assertThat(
            check(Map.of(CERTIFICATE, certificate, KEY, key, verify, "false")).getProperty(verify))
        .isEqualTo("false");
    assertThat(check(Map.of(AUTHORITY, authority.authority().toString())).getProperty(verify))
        .as("without a pair")
        .isNull();
  }

  @Test
  void refusesFilesThatAreNotThere() {
    assertRefused(
        Map.of(CERTIFICATE, "/no/cert", KEY, node.key().toString()),
        CERTIFICATE + "=/no/cert is refused: it cannot be read: ");
    assertRefused(
        Map.of(CERTIFICATE, node.certificate().toString(), KEY, "file:/no/key"),
        KEY + "=file:/no/key is refused: it cannot be read: ");
    assertRefused(Map.of(AUTHORITY, "/no/ca"), AUTHORITY + "=/no/ca is refused: it cannot");
  }

  @Test
  void refusesOneWithoutTheOther() {
    assertRefused(Map.of(CERTIFICATE, node.certificate().toString()), KEY + "= is refused: ");
    assertRefused(Map.of(KEY, node.key().toString()), CERTIFICATE + "= is refused: ");
  }

  @Test
  void refusesFilesOfAnotherKind() throws IOException {
    Path garbage = Files.writeString(folder.resolve("garbage"), "secret words");
    String key = node.key().toString();
    String certificate = node.certificate().toString();
    assertRefused(
        Map.of(CERTIFICATE, garbage.toString(), KEY, key),
        CERTIFICATE + "=" + garbage + " is refused: it holds no certificate");
    assertRefused(
        Map.of(CERTIFICATE, certificate, KEY, garbage.toString()),
        KEY + "=" + garbage + " is refused: it holds no private key");
    assertRefused(
        Map.of(CERTIFICATE, certificate, KEY, certificate),
        KEY + "=" + certificate + " is refused: it holds no private key");
  }

  @Test
  void refusesAKeyOfAnotherCertificateWithoutShowingIt() throws IOException {
    String other = Files.readString(authority.issue("other", "other").key());

    assertRefused(
        Map.of(CERTIFICATE, node.certificate().toString(), KEY, other),
        KEY + "=(PEM text) is refused: it does not go with the certificate in ",
        node.certificate().toString());
  }

  @Test
  void knowsForWhichHostsACertificateIs() {
    Identity wild = authority.issue("wild", "cn.example.org", "dns:*.example.org,ip:10.0.0.1");

    assertThat(
            java.util.stream.Stream.of(
                    "a.example.org",
                    "A.EXAMPLE.org",
                    "10.0.0.1",
                    "a.b.example.org",
                    "example.org",
                    ".example.org",
                    "10.0.0.2",
                    "")
                .filter(host -> CertificateNames.isFor(wild.x509(), host)))
        .containsExactly("a.example.org", "A.EXAMPLE.org", "10.0.0.1");
    assertThat(CertificateNames.isFor(node.x509(), "node.example.org"))
        .as("a common name is no host")
        .isFalse();
  }

  @Test
  void readsTheCommonName() {
    assertThat(CertificateNames.commonName(node.x509())).contains("node.example.org");
  }
}
