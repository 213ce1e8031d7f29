package io.liferaft.api;

/** UTF-8 as Go's unicode/utf8 judges it. */
final class Utf8 {

  private Utf8() {}

  /** Length of the sequence that begins at an offset; 0 when there is no valid one. */
  static int sequenceLength(byte[] bytes, int at) {
    int first = bytes[at] & 0xff;
    if (first < 0x80) {
      return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
      return continues(bytes, at + 1, 0x80, 0xbf) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
      int low = first == 0xe0 ? 0xa0 : 0x80;
      int high = first == 0xed ? 0x9f : 0xbf;
      return continues(bytes, at + 1, low, high) && continues(bytes, at + 2, 0x80, 0xbf) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
      int low = first == 0xf0 ? 0x90 : 0x80;
      int high = first == 0xf4 ? 0x8f : 0xbf;
      return continues(bytes, at + 1, low, high)
              && continues(bytes, at + 2, 0x80, 0xbf)
              && continues(bytes, at + 3, 0x80, 0xbf)
          ? 4
          : 0;
    }
    return 0;
  }

  private static boolean continues(byte[] bytes, int at, int low, int high) {
    return at < bytes.length && (bytes[at] & 0xff) >= low && (bytes[at] & 0xff) <= high;
  }
}
