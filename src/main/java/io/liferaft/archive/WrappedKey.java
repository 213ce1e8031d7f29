package io.liferaft.archive;

/** A data key with its wrapping, which objects carry. */
record WrappedKey(Wrapping wrapping, DataKey key) {

  /** Of the key that it is wrapped with. */
  String keyId() {
    return wrapping.keyId();
  }
}
