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

  /** SHA-256 of a file, lower-case hex, read in pieces. */
  static String sha256(Path file) throws IOException {
    return sha256(Files.newInputStream(file));
  }

  /**
   * Whether a staged database is what was sent. When a crash came in the middle of a switch to it,
   * and the record is of a time when the load was under way, its header says WAL mode already.
   */
  boolean isIn(Path staged) throws IOException {
    return sha256(staged).equals(sha256)
        || sha256(SqliteStore.beforeReplace(staged)).equals(sha256);
  }

  private static String sha256(InputStream file) throws IOException {
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
