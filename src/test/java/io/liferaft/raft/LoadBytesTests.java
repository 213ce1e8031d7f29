package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LoadBytesTests {

  @Test
  void packsWhatRepeats() {
    byte[] bytes = new byte[LoadBytes.CHUNK];

    byte[] packed = LoadBytes.pack(bytes);

    assertThat(packed).hasSizeLessThan(10_000);
    assertThat(LoadBytes.unpack(packed, bytes.length)).isEqualTo(bytes);
  }

  @Test
  void leavesNoiseAlone() {
    byte[] bytes = new byte[5000];
    new Random(1).nextBytes(bytes);

    assertThat(LoadBytes.pack(bytes)).isSameAs(bytes);
    assertThat(LoadBytes.unpack(bytes, 5000)).isSameAs(bytes);
  }

  @Test
  void refusesMoreThanAChunk() {
    byte[] packed = LoadBytes.pack(new byte[100]);

    assertThatThrownBy(() -> LoadBytes.unpack(packed, LoadBytes.CHUNK + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> LoadBytes.unpack(packed, 101))
        .hasMessageContaining("ends after 100 bytes");
  }
}
