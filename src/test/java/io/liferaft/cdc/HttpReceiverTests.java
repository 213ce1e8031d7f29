package io.liferaft.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Certificates;
import io.liferaft.support.ChangeEndpoint;
import io.liferaft.support.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Objects;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches reach the endpoint as the configuration says, and nobody else learns its password. */
class HttpReceiverTests {

  private static final byte[] BATCH = "{\"payload\":[]}".getBytes(UTF_8);

  private static HttpReceiver receiver(String setting) {
    return new HttpReceiver(Objects.requireNonNull(CdcConfig.of(setting)));
  }

  @TempDir Path folder;

  private HttpReceiver receiver(ChangeEndpoint endpoint, String tls) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("cdc.json"),
            "{\"endpoint\":\"%s\",\"tls\":{%s}}"
                .formatted(endpoint.address(), tls.replace('\'', '"')));
    return receiver(file.toString());
  }

  @Test
  void trustsTheAuthorityOfTheFileAndNoOther() throws Exception {
    Certificates authority = new Certificates(Files.createDirectory(folder.resolve("a")));
    Certificates other = new Certificates(Files.createDirectory(folder.resolve("b")));
    try (ChangeEndpoint endpoint =
        new ChangeEndpoint(authority.client(authority.issue("server", "server")), false)) {
      receiver(endpoint, "'ca_cert_file':'%s'".formatted(authority.authority())).send(BATCH);
      assertThat(endpoint.batches()).hasSize(1);

      HttpReceiver wrong = receiver(endpoint, "'ca_cert_file':'%s'".formatted(other.authority()));
      HttpReceiver none = receiver(endpoint, "");
      assertThatThrownBy(() -> wrong.send(BATCH)).isInstanceOf(SSLHandshakeException.class);
      assertThatThrownBy(() -> none.send(BATCH)).isInstanceOf(SSLHandshakeException.class);
      receiver(endpoint, "'insecure_skip_verify':true").send(BATCH);

      assertThat(endpoint.batches()).hasSize(2);
    }
  }

  @ParameterizedTest
  @CsvSource({"127.0.0.1, connection refused", "nobody.invalid, not known"})
  void saysWhyThereIsNoConnection(String host, String reason) {
    HttpReceiver nobody = receiver("http://%s:%d/".formatted(host, Ports.free()));

    assertThatThrownBy(() -> nobody.send(BATCH))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void checksTheNameOfTheServer() throws Exception {
    Certificates authority = new Certificates(folder);
    try (ChangeEndpoint endpoint =
        new ChangeEndpoint(
            authority.client(authority.issue("server", "server", "dns:changes.example")), false)) {
      String trusted = "'ca_cert_file':'%s'".formatted(authority.authority());
      HttpReceiver byAddress = receiver(endpoint, trusted);
      HttpReceiver byOtherName = receiver(endpoint, trusted + ",'server_name':'other.example'");

      assertThatThrownBy(() -> byAddress.send(BATCH)).isInstanceOf(SSLHandshakeException.class);
      assertThatThrownBy(() -> byOtherName.send(BATCH))
          .isInstanceOf(SSLHandshakeException.class)
          .hasStackTraceContaining("it is not for other.example");
      receiver(endpoint, trusted + ",'server_name':'changes.example'").send(BATCH);

      assertThat(endpoint.batches()).hasSize(1);
    }
  }

  @Test
  void showsItsOwnCertificateToWhoWantsOne() throws Exception {
    Certificates authority = new Certificates(folder);
    try (ChangeEndpoint endpoint =
        new ChangeEndpoint(authority.client(authority.issue("server", "server")), true)) {
      Certificates.Identity own = authority.issue("own", "liferaft");
      String trusted = "'ca_cert_file':'%s'".formatted(authority.authority());

      HttpReceiver without = receiver(endpoint, trusted);
      assertThatThrownBy(() -> without.send(BATCH)).isInstanceOf(IOException.class);
      assertThat(endpoint.batches()).isEmpty();
      receiver(
              endpoint,
              trusted + ",'cert_file':'%s','key_file':'%s'".formatted(own.certificate(), own.key()))
          .send(BATCH);

      assertThat(endpoint.batches()).hasSize(1);
    }
  }

  @Test
  void sendsTheUserOfTheAddressAndShowsNoPassword() throws Exception {
    try (ChangeEndpoint endpoint = new ChangeEndpoint()) {
      String address = endpoint.address();

      receiver(address).send(BATCH);
      assertThat(endpoint.authorization()).isNull();
      HttpReceiver receiver = receiver(address.replace("://", "://user:s%3Acret@"));
      receiver.send(BATCH);

      assertThat(endpoint.authorization())
          .isEqualTo("Basic " + Base64.getEncoder().encodeToString("user:s:cret".getBytes(UTF_8)));
      assertThat(receiver.name()).isEqualTo(address.replace("://", "://user:xxxxx@"));
    }
  }
}
