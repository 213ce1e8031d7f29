package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.archive.ArchiveProperties.Encryption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class ArchivePropertiesTests {

  private final ApplicationContextRunner context =
      new ApplicationContextRunner().withUserConfiguration(ChunkedArchiveTests.Beans.class);

  @Test
  void encryptsNothingByDefault() {
    context.run(started -> assertThat(started.getBean(BackupArchives.class).encrypts()).isFalse());
  }

  @Test
  void takesKeysByTheirIds() {
    context
        .withPropertyValues(
            "liferaft.archive.encryption.key-id=k2",
            "liferaft.archive.encryption.keys.k1=env:OLD_KEY",
            "liferaft.archive.encryption.keys.k2=file:/run/secrets/key")
        .run(started -> {
          assertThat(started.getBean(BackupArchives.class).encrypts()).isTrue();
          assertThat(started.getBean(ArchiveProperties.class).toString())
              .contains("keyId=k2")
              .doesNotContain("OLD_KEY");
        });
  }

  @Test
  void refusesAKeyIdWithoutAKey() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Encryption("k2", Map.of("k1", "env:KEY")))
        .withMessage(
            "liferaft.archive.encryption.key-id=k2 names no key: set"
                + " liferaft.archive.encryption.keys.k2=file:/run/secrets/backup-key, or one of"
                + " [k1]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"K1", "a b", "-a", ""})
  void refusesAnIdThatIsNone(String id) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Encryption("", Map.of(id, "env:KEY")))
        .withMessageContaining("liferaft.archive.encryption.keys." + id + " is no id of a key");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=", "file:", "env:", "env:a b"})
  void refusesAPlaceThatIsNoneWithoutShowingIt(String place) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Encryption("k1", Map.of("k1", place)))
        .withMessageContaining("liferaft.archive.encryption.keys.k1 names no place of a key")
        .withMessageNotContaining("c2VjcmV0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kms:", "kms:alias/", "kms:arn:aws:s3:::b", "kms:a b", "kms:alias/a b"})
  void refusesAKeyOfKmsThatIsNone(String place) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Encryption("k1", Map.of("k1", place)))
        .withMessageContaining("liferaft.archive.encryption.keys.k1 names no key of AWS KMS")
        .withMessageContaining("alias/NAME");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kms:alias/liferaft/backups_1",
        "kms:1234abcd-12ab-34cd-56ef-1234567890ab",
        "kms:mrk-1234abcd12ab34cd56ef1234567890ab",
        "kms:arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "kms:arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/backups"
      })
  void takesEveryNameOfAKeyOfKms(String place) {
    assertThat(KeySource.parse(place)).isEqualTo(new KeySource.InKms(place.substring(4)));
  }
}
