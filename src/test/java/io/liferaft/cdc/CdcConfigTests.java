package io.liferaft.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** rqlite's configuration of change data capture, and what is refused of it. */
class CdcConfigTests {

  @TempDir Path folder;

  private CdcConfig file(String json) throws IOException {
    Path file = Files.writeString(folder.resolve("cdc.json"), json);
    return Objects.requireNonNull(CdcConfig.of(file.toString()));
  }

  @Test
  void anAddressOrStdoutIsEnough() {
    assertThat(CdcConfig.of("")).isNull();
    assertThat(CdcConfig.of("stdout")).extracting(CdcConfig::endpoint).isEqualTo("stdout");
    assertThat(CdcConfig.of("https://h/p"))
        .isEqualTo(
            new CdcConfig(
                "https://h/p",
                "",
                false,
                null,
                null,
                10,
                Duration.ofMillis(200),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                -1,
                false,
                Duration.ofSeconds(1),
                Duration.ofSeconds(30)));
  }

  @Test
  void everyKeyOfTheFileCounts() throws IOException {
    Path pem = Files.createFile(folder.resolve("a.pem"));

    CdcConfig config =
        file(
            """
            {"endpoint":"https://h/p","service_id":"s","row_ids_only":true,"table_filter":"^a",
             "tls":{"ca_cert_file":"%1$s","cert_file":"%1$s","key_file":"%1$s",
                    "insecure_skip_verify":true,"server_name":"n"},
             "max_batch_size":3,"max_batch_delay":1000000,"high_watermark_interval":"2s",
             "transmit_timeout":"1m","transmit_max_retries":4,"transmit_retry_policy":1,
             "transmit_min_backoff":5000000,"transmit_max_backoff":"6s"}
            """
                .formatted(pem));

    assertThat(Objects.requireNonNull(config.tableFilter()).pattern()).isEqualTo("^a");
    assertThat(config)
        .usingRecursiveComparison()
        .ignoringFields("tableFilter")
        .isEqualTo(
            new CdcConfig(
                "https://h/p",
                "s",
                true,
                null,
                new CdcConfig.Tls(pem.toString(), pem.toString(), pem.toString(), true, "n"),
                3,
                Duration.ofMillis(1),
                Duration.ofSeconds(2),
                Duration.ofMinutes(1),
                4,
                true,
                Duration.ofMillis(5),
                Duration.ofSeconds(6)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|is no JSON object",
        "{|is no JSON",
        "{}|has no endpoint",
        "{'endpoint':'ftp://h'}|neither an http(s) address nor stdout",
        "{'endpoint':'stdout','endpoints':1}|unknown key 'endpoints'",
        "{'endpoint':'stdout','tls':{'ca':'x'}}|unknown key 'ca'",
        "{'endpoint':'stdout','tls':{'ca_cert_file':'/none'}}|ca_cert_file that cannot be read: /none",
        "{'endpoint':'stdout','table_filter':'('}|table_filter that is no regular expression",
        "{'endpoint':'stdout','max_batch_size':0}|max_batch_size of 0",
        "{'endpoint':'stdout','max_batch_delay':'200'}|max_batch_delay",
        "{'endpoint':'stdout','transmit_timeout':0}|transmit_timeout",
        "{'endpoint':'stdout','transmit_max_retries':-1}|transmit_max_retries",
        "{'endpoint':'stdout','transmit_retry_policy':2}|transmit_retry_policy of 2",
        "{'endpoint':'stdout','transmit_min_backoff':'1m'}|above transmit_max_backoff",
      })
  void refusesWhatIsWrongWithOneSentence(String json, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> file(json.replace('\'', '"')))
        .withMessageStartingWith("liferaft.cdc.config=" + folder)
        .withMessageContaining(reason)
        .withMessageContaining("valid are https://example.org/changes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://u:secret@h h/p", "https://u:se/secret@h/p", "https://u:secret@"})
  void refusesWithoutRepeatingAPassword(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CdcConfig.of(address))
        .withMessageContaining("u:xxxxx@")
        .withMessageNotContaining("secret");
  }

  @Test
  void nothingShowsThePassword() {
    CdcConfig config = Objects.requireNonNull(CdcConfig.of("https://u:secret@h/p?q=1"));

    assertThat(config.toString()).contains("u:xxxxx@h/p?q=1").doesNotContain("secret");
    assertThat(config.shownEndpoint()).isEqualTo("https://u:xxxxx@h/p?q=1");
    assertThat(new CdcProperties("https://u:secret@h/p").toString()).doesNotContain("secret");
  }

  @Test
  void refusesAFileThatIsNotThere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CdcConfig.of("/none.json"))
        .withMessageStartingWith("liferaft.cdc.config=/none.json cannot be read: ");
  }
}
