package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTests {

  private static final int SEGMENT = (64 << 10) + Aes256Gcm.TAG_BYTES;

  private final EncryptionKeys keys =
      new EncryptionKeys(
          "k1", Map.of("k1", new KeySource.InEnvironment("K1")), _ -> "ab".repeat(32), null);

  private final WrappedKey key = java.util.Objects.requireNonNull(keys.next(null));

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private byte[] seal(byte[] plain) throws IOException {
    ByteArrayOutputStream sealed = new ByteArrayOutputStream();
    try (OutputStream out = Envelope.seal(sealed, key, "a purpose")) {
      int half = plain.length / 2;
      out.write(plain, 0, half);
      out.write(plain, half, plain.length - half);
    }
    return sealed.toByteArray();
  }

  private byte[] open(byte[] sealed, String purpose) throws IOException {
    ByteArrayInputStream in = new ByteArrayInputStream(sealed);
    assertThat(Envelope.begins(in.readNBytes(Envelope.magicBytes()))).isTrue();
    Envelope.Opened opened = Envelope.open(in, keys, purpose, "the object");
    assertThat(opened.key()).isEqualTo(key);
    return opened.plain().readAllBytes();
  }

  private void refused(byte[] sealed) {
    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> open(sealed, "a purpose"))
        .withMessage("the object is damaged: it is not what was encrypted");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 131_072, 200_000})
  void opensWhatItSealed(int length) throws IOException {
    byte[] plain = bytes(length);

    assertThat(open(seal(plain), "a purpose")).isEqualTo(plain);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, 65_537, 200_000})
  void noticesWhatWasCutOff(int length) throws IOException {
    byte[] sealed = seal(bytes(length));
    refused(Arrays.copyOf(sealed, sealed.length - 1));
    refused(Arrays.copyOf(sealed, 20));
    int start = sealed.length - length - Aes256Gcm.TAG_BYTES * Math.max(1, (length + 65_535) >> 16);
    for (int end = start; end < sealed.length; end += SEGMENT) {
      refused(Arrays.copyOf(sealed, end));
    }
  }

  @Test
  void noticesSegmentsInAnotherOrder() throws IOException {
    byte[] sealed = seal(bytes(200_000));
    int start = sealed.length - 200_000 - 4 * Aes256Gcm.TAG_BYTES;
    byte[] swapped = sealed.clone();
    System.arraycopy(sealed, start, swapped, start + SEGMENT, SEGMENT);
    System.arraycopy(sealed, start + SEGMENT, swapped, start, SEGMENT);

    refused(swapped);
  }

  @Test
  void noticesEveryChangedByte() throws IOException {
    byte[] sealed = seal(bytes(40));
    for (int i = Envelope.magicBytes(); i < sealed.length; i++) {
      byte[] changed = sealed.clone();
      changed[i] ^= 1;
      refused(changed);
    }
  }

  @Test
  void isOfOnePurposeOnly() throws IOException {
    byte[] sealed = seal(bytes(40));

    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> open(sealed, "another purpose"));
  }

  @Test
  void neverPrintsAKey() {
    assertThat(key.toString()).doesNotContain(key.key().hex()).contains("k1");
  }
}
