package io.liferaft.go;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoUrlTests {

  @ParameterizedTest
  @CsvSource({
    "https://user:secret@host/p?q=1, https://user:xxxxx@host/p?q=1",
    "https://user:secret@host:8080, https://user:xxxxx@host:8080",
    "https://user:se:cr@et@host/p, https://user:xxxxx@host/p",
    "https://user:@host/p, https://user:xxxxx@host/p",
    "https://:secret@host/p, https://:xxxxx@host/p",
    "https://user:se/cr?et@host/p, https://user:xxxxx@host/p",
    "s3://key:secret@bucket/p, s3://key:xxxxx@bucket/p",
    "'s3://a/p, s3://key:secret@b/p,file:/p', 's3://a/p, s3://key:xxxxx@b/p,file:/p'",
  })
  void hidesThePassword(String address, String shown) {
    assertThat(GoUrl.redacted(address)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "https://host/p",
    "https://user@host/p",
    "https://host:8080/p@q",
    "https://host/a:b@c",
    "https://[::1]:8080/a@b",
    "https://[::1]/a@b",
    "https://host?mail=a:b@c",
    "file:/a:b@c",
    "stdout",
    "''",
  })
  void leavesTheRest(String address) {
    assertThat(GoUrl.redacted(address)).isEqualTo(address);
  }
}
