package io.liferaft.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GunzipTests {

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  private static byte[] unpack(byte[] packed) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Gunzip.unpack(new ByteArrayInputStream(packed), out);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... pieces) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] piece : pieces) {
      joined.writeBytes(piece);
    }
    return joined.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 1_000_000})
  void unpacksWhatTheJdkPacked(int size) throws IOException {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);

    assertThat(unpack(gzip(content))).isEqualTo(content);
    assertThat(unpack(gzip(new byte[size]))).isEqualTo(new byte[size]);
  }

  @Test
  void unpacksByteByByte() throws IOException {
    byte[] packed = gzip("hello hello hello".getBytes(UTF_8));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InputStream single =
        new ByteArrayInputStream(packed) {
          @Override
          public int read(byte[] b, int off, int len) {
            return super.read(b, off, Math.min(1, len));
          }
        };

    Gunzip.unpack(single, out);

    assertThat(out.toString(UTF_8)).isEqualTo("hello hello hello");
  }

  @Test
  void unpacksSeveralMembersAndOptionalFields() throws IOException {
    byte[] plain = gzip("one".getBytes(UTF_8));
    byte[] body = Arrays.copyOfRange(plain, 10, plain.length);
    // FHCRC, FEXTRA (2 bytes), FNAME "n", FCOMMENT "c"
    byte[] header =
        HexFormat.of().parseHex("1f8b081e000000000003" + "0200aabb" + "6e00" + "6300" + "0000");

    assertThat(unpack(join(plain, header, body))).isEqualTo("oneone".getBytes(UTF_8));
  }

  @Test
  void refusesWhatIsCutAnywhere() throws IOException {
    byte[] packed = gzip("some content that is long enough".getBytes(UTF_8));

    for (int length = 0; length < packed.length; length++) {
      byte[] cut = Arrays.copyOf(packed, length);
      assertThatExceptionOfType(EOFException.class).isThrownBy(() -> unpack(cut));
    }
  }

  @Test
  void refusesWhatFollows() throws IOException {
    byte[] packed = gzip("content".getBytes(UTF_8));

    assertThatExceptionOfType(ZipException.class)
        .isThrownBy(() -> unpack(join(packed, new byte[1])));
    assertThatExceptionOfType(ZipException.class)
        .isThrownBy(() -> unpack(join(packed, "garbage".getBytes(UTF_8))));
    assertThatExceptionOfType(EOFException.class)
        .isThrownBy(() -> unpack(join(packed, new byte[] {0x1f, (byte) 0x8b})));
  }

  @Test
  void neverUnpacksADamagedStreamToSomethingElse() throws IOException {
    byte[] content = new byte[3_000];
    new Random(4).nextBytes(content);
    byte[] packed = gzip(content);
    int refused = 0;

    for (int i = 10; i < packed.length; i++) {
      byte[] damaged = packed.clone();
      damaged[i] ^= 0x10;
      try {
        // Some bits are padding.
        assertThat(unpack(damaged)).as("byte " + i).isEqualTo(content);
      } catch (IOException _) {
        refused++;
      }
    }

    assertThat(refused).isGreaterThan(packed.length - 10 - 5);
  }
}
