package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.objectstore.ObjectStores.Location;
import io.liferaft.objectstore.ObjectStores.Scheme;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectStoresTests {

  @ParameterizedTest
  @CsvSource({
    "s3://backups/db.sqlite.gz, S3, backups, db.sqlite.gz",
    "S3://my.bucket-1/a/b c/db, S3, my.bucket-1, a/b c/db",
    "' s3://backups/db ', S3, backups, db",
    "file:/var/backups/db.sqlite, FILE, /var/backups, db.sqlite",
    "file:///var/backups/db.sqlite, FILE, /var/backups, db.sqlite",
    "file:/var/./x/../backups//db.sqlite, FILE, /var/backups, db.sqlite",
    "file:/db.sqlite, FILE, /, db.sqlite",
    "s3://bucket/, S3, bucket, ''",
    "s3://bucket/a/b/, S3, bucket, a/b/",
    "file:/var/x/../backups/, FILE, /var/backups, ''",
    "'s3://backups/a,b/c,s3/d,', S3, backups, 'a,b/c,s3/d,'",
  })
  void takesAddressesApart(String address, Scheme scheme, String container, String key) {
    assertThat(ObjectStores.parse(address)).isEqualTo(new Location(scheme, container, key));
  }

  @Test
  void resolvesRelativePathsAgainstTheWorkingDirectory() {
    String expected = Path.of("backups").toAbsolutePath().toString();

    assertThat(ObjectStores.parse("file:./backups/db.sqlite").container()).isEqualTo(expected);
    assertThat(ObjectStores.parse("file:backups/db.sqlite").container()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "s3://backups/a/b, s3://backups/a/b",
    "file:///var/x/../db, file:/var/db",
    "file:/db, file:/db",
    "file:///var/./backups/, file:/var/backups/",
    "s3://backups/a/, s3://backups/a/"
  })
  void writesOnePlaceInOneWay(String address, String canonical) {
    assertThat(ObjectStores.parse(address)).hasToString(canonical);
  }

  @ParameterizedTest
  @CsvSource({
    "'', has no scheme",
    "/var/db.sqlite, has no scheme",
    "backups, has no scheme",
    "gs://bucket/key, unknown scheme",
    "https://bucket.s3.amazonaws.com/key, unknown scheme",
    "s3:bucket/key, two slashes",
    "s3://, no valid bucket",
    "'s3://a-b/c,s3://d-e/f', is two addresses",
    "'s3://a-b/c/, file:/d/', (the second is 'file:/d/'): give one",
    "'file:/c/,FILE:/d/', is two addresses",
    "s3://Bucket/key, no valid bucket",
    "s3://b/key, no valid bucket",
    "s3://bu cket/key, no valid bucket",
    "s3://bucket, no key",
    "file:, no file",
    "file:/, no file",
    "file:/var/.., no file",
    "file://host/var/db, names a host",
    "file:/var/db.metadata.json, cannot be a file name",
  })
  void refusesOtherAddressesAndShowsValidOnes(String address, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ObjectStores.parse(address))
        .withMessageContaining(why)
        .satisfies(e -> {
          if (!why.equals("cannot be a file name")) {
            assertThat(e).hasMessageContaining("file:/dir/name.sqlite.gz");
            assertThat(e).hasMessageContaining("s3://bucket/key");
          }
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"s3://key:secret@bucket/key", "https://user:secret@host/key", "http://u:secret@h"})
  void neverRepeatsAPassword(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ObjectStores.parse(address))
        .withMessageContaining(":xxxxx@")
        .withMessageNotContaining("secret");
  }

  @Test
  void saysWhatIsMissingForS3() {
    ObjectStores stores =
        new ObjectStores(
            _ -> null,
            ObjectStoreProperties.S3.of(
                Checksums.WHEN_REQUIRED,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1)),
            InstantSource.system());

    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> stores.open(ObjectStores.parse("s3://bucket/key"), false))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CONFIGURATION))
        .withMessageContaining("liferaft.backup.target");
    assertThat(stores.open(ObjectStores.parse("file:/dir/name"), false).location())
        .isEqualTo("file:/dir");
  }
}
