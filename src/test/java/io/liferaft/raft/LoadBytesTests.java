package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.LoadBytes.Packing;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoadBytesTests {

  @ParameterizedTest
  @EnumSource
  void packsWhatRepeats(Packing packing) {
    byte[] bytes = new byte[LoadBytes.CHUNK];

    byte[] packed = LoadBytes.pack(bytes, packing);

    assertThat(packed).hasSizeLessThan(10_000);
    assertThat(LoadBytes.unpack(packed, bytes.length, packing)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @EnumSource
  void leavesNoiseAlone(Packing packing) {
    byte[] bytes = new byte[5000];
    new Random(1).nextBytes(bytes);

    assertThat(LoadBytes.pack(bytes, packing)).isSameAs(bytes);
    assertThat(LoadBytes.unpack(bytes, 5000, packing)).isSameAs(bytes);
  }

  @ParameterizedTest
  @EnumSource
  void refusesMoreThanAChunk(Packing packing) {
    byte[] packed = LoadBytes.pack(new byte[100], packing);

    assertThatThrownBy(() -> LoadBytes.unpack(packed, LoadBytes.CHUNK + 1, packing))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> LoadBytes.unpack(packed, 101, packing))
        .hasMessageContaining("ends after 100 bytes");
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatIsCutOff(Packing packing) {
    byte[] packed = LoadBytes.pack(new byte[LoadBytes.CHUNK], packing);
    byte[] cut = Arrays.copyOf(packed, packed.length / 2);

    assertThatThrownBy(() -> LoadBytes.unpack(cut, LoadBytes.CHUNK, packing))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
