package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThrottledObjectStoreTests implements ObjectStoreContract {

  private static final int RATE = 4 << 20;

  @TempDir Path folder;

  @Override
  public ObjectStore store() {
    return limited(folder, 1L << 40);
  }

  @Override
  public ObjectStore missingStore() {
    return limited(folder.resolve("missing"), 1L << 40);
  }

  private static ObjectStore limited(Path directory, long rate) {
    return new ObjectStores(
            _ -> null,
            ObjectStoreProperties.S3.of(
                ObjectStoreProperties.Checksums.WHEN_REQUIRED,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1)),
            InstantSource.system(),
            new Bandwidth(rate),
            new Bandwidth(rate))
        .open(ObjectStores.parse("file:" + directory + "/"), false);
  }

  @Test
  void writesAndReadsNoFasterThanAllowed() throws IOException {
    byte[] content = new byte[RATE / 2];
    new Random(3).nextBytes(content);
    ObjectStore slow = limited(folder, RATE);
    long begun = System.nanoTime();

    slow.put("k", Map.of(), ALWAYS, out -> out.write(content));
    long written = System.nanoTime();
    // Two readers share what there is.
    try (InputStream whole = slow.get("k", 0, null);
        InputStream half = slow.getRange("k", RATE / 4, RATE / 4)) {
      assertThat(whole.readAllBytes()).isEqualTo(content);
      assertThat(half.readAllBytes()).hasSize(RATE / 4);
    }
    long read = System.nanoTime();

    // The first piece does not wait.
    assertThat(Duration.ofNanos(written - begun)).isGreaterThan(Duration.ofMillis(450));
    assertThat(Duration.ofNanos(read - written)).isGreaterThan(Duration.ofMillis(700));
  }

  @Test
  void isEndedByAnInterrupt() throws InterruptedIOException {
    Bandwidth slow = new Bandwidth(64 << 10);
    slow.take(64 << 20);

    Thread.currentThread().interrupt();
    assertThatExceptionOfType(InterruptedIOException.class).isThrownBy(() -> slow.take(1));

    assertThat(Thread.interrupted()).isTrue();
  }
}
