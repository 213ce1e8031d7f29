package io.liferaft.archive;

/**
 * A data key as objects carry it.
 *
 * @param keyId of the key that it is wrapped with
 * @param wrapped in base64
 */
record WrappedKey(String keyId, String wrapped, DataKey key) {}
