package io.liferaft.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.ChangeEndpoint;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Batches reach the endpoint as the configuration says, and nobody else learns its password. */
class HttpReceiverTests {

  private static final byte[] BATCH = "{\"payload\":[]}".getBytes(UTF_8);

  private static HttpReceiver receiver(String setting) {
    return new HttpReceiver(Objects.requireNonNull(CdcConfig.of(setting)));
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
