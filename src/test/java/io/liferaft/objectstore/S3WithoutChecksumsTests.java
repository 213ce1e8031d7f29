package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreProperties.Checksums;
import io.liferaft.support.S3Server.S3Request;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A store that refuses every request with one of the newer checksums, as some compatible ones do.
 */
class S3WithoutChecksumsTests extends RefusingS3Contract {

  @BeforeAll
  void refuse() {
    faulty.when("*").and(S3WithoutChecksumsTests::summed).answer(501, "NotImplemented");
  }

  private static boolean summed(S3Request request) {
    return request.head().stream()
        .map(line -> line.toLowerCase(Locale.ROOT))
        .anyMatch(line ->
            line.startsWith("x-amz-checksum")
                || line.startsWith("x-amz-trailer")
                || line.startsWith("x-amz-sdk-checksum"));
  }

  @Test
  void saysWhichSettingToTakeBackWhereTheyAreAskedFor() {
    try (S3Client summing = client(Checksums.WHEN_SUPPORTED)) {
      ObjectStore store = new S3ObjectStore(summing, BUCKET, SETTINGS, InstantSource.system());

      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> store.put("k", Map.of(), ALWAYS, ObjectStoreContract.text("one")))
          .withMessageContaining("liferaft.objectstore.s3.checksums");
    }
  }
}
