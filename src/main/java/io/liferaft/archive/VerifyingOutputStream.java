package io.liferaft.archive;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts and hashes a database on its way and compares it with what its manifest says. */
final class VerifyingOutputStream extends FilterOutputStream {

  private final BackupManifest manifest;
  private final String name;
  private final MessageDigest digest;
  private long count;

  /**
   * @param name of the backup, for messages
   */
  VerifyingOutputStream(OutputStream out, BackupManifest manifest, String name) {
    super(out);
    this.manifest = manifest;
    this.name = name;
    this.digest = sha256();
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] b, int off, int len) throws IOException {
    count += len;
    if (manifest.sizeBytes() >= 0 && count > manifest.sizeBytes()) {
      throw corrupt("has more than the " + manifest.sizeBytes() + " bytes of its manifest");
    }
    digest.update(b, off, len);
    out.write(b, off, len);
  }

  /**
   * Call when everything was written.
   *
   * @return sha256, lower-case hex
   * @throws CorruptBackupException when size or hash differ from the manifest
   */
  String verify() {
    if (manifest.sizeBytes() >= 0 && count != manifest.sizeBytes()) {
      throw corrupt("has %d bytes but its manifest says %d".formatted(count, manifest.sizeBytes()));
    }
    String actual = HexFormat.of().formatHex(digest.digest());
    if (manifest.sha256() != null && !manifest.sha256().equals(actual)) {
      throw corrupt("has sha256 " + actual + " but its manifest says " + manifest.sha256());
    }
    return actual;
  }

  private CorruptBackupException corrupt(String what) {
    return new CorruptBackupException("the database in " + name + " " + what, null);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
