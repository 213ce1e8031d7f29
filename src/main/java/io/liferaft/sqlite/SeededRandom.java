package io.liferaft.sqlite;

/** SplitMix64, written out so that no JDK can ever change the numbers. */
final class SeededRandom {

  private long state;

  void seed(long seed) {
    state = seed;
  }

  long next() {
    state += 0x9E3779B97F4A7C15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; ) {
      long word = next();
      for (int k = 0; k < Long.BYTES && i < count; k++) {
        bytes[i++] = (byte) word;
        word >>>= 8;
      }
    }
    return bytes;
  }
}
