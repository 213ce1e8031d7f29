package io.liferaft.raft;

import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A load between its begin and its commit, as the replicated state knows it.
 *
 * @param sha256 of the whole, lower-case hex; empty when only the chain tells the content
 * @param receivedBytes how much of it has been applied; the staging file counts up to here
 * @param chain a hash over the hashes of all chunks so far: equal on all nodes
 */
record OpenLoad(
    long loadId,
    LogCommand.LoadKind kind,
    long attempt,
    long sizeBytes,
    String sha256,
    long receivedBytes,
    String chain) {

  static OpenLoad of(LogCommand.LoadBegin begin) {
    return new OpenLoad(
        begin.loadId(), begin.kind(), begin.attempt(), begin.sizeBytes(), begin.sha256(), 0, "");
  }

  OpenLoad with(byte[] bytes) {
    return new OpenLoad(
        loadId,
        kind,
        attempt,
        sizeBytes,
        sha256,
        receivedBytes + bytes.length,
        chain(chain, bytes));
  }

  /** The chain after one more chunk. */
  static String chain(String before, byte[] chunk) {
    MessageDigest digest = newSha256();
    digest.update(HexFormat.of().parseHex(before));
    digest.update(newSha256().digest(chunk));
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Whether a staged database is what was sent: all of it, so that the chain is that of the whole.
   * When a crash came in the middle of a switch to it, and the record is of a time when the load
   * was under way, its header says WAL mode already.
   */
  boolean isIn(Path staged) throws IOException {
    return tells(Files.newInputStream(staged)) || tells(SqliteStore.beforeReplace(staged));
  }

  private boolean tells(InputStream content) throws IOException {
    return sha256.isEmpty() ? chain(content).equals(chain) : sha256(content).equals(sha256);
  }

  /** The chain after all chunks of a file. */
  private static String chain(InputStream file) throws IOException {
    String chain = "";
    try (InputStream in = file) {
      for (byte[] chunk = in.readNBytes(LoadBytes.CHUNK);
          chunk.length > 0;
          chunk = in.readNBytes(LoadBytes.CHUNK)) {
        chain = chain(chain, chunk);
      }
    }
    return chain;
  }

  /** SHA-256 of a file, lower-case hex, read in pieces. */
  static String sha256(InputStream file) throws IOException {
    MessageDigest digest = newSha256();
    byte[] buffer = new byte[256 * 1024];
    try (InputStream in = file) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
