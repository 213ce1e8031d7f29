package io.liferaft.sqlite;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * Which database file counts, how it looked when it was last written, and what the caller stored
 * with it. Written as magic, version, fields, checksum; a marker of a checkpoint under way is the
 * same with the WAL that is being moved in.
 *
 * @param file number of the database file
 * @param sizeBytes of the file
 * @param header SHA-256 of the file's first 100 bytes, in hex
 * @param modifiedNanos the file's modification time, nanoseconds since 1970
 * @param walSalt1 of the WAL that was moved in last; 0 when none was
 * @param walSalt2 likewise
 * @param walBytes in a marker: how much of the WAL belongs to the checkpoint; else 0
 * @param foreignKeys whether writes enforce foreign keys from here on
 * @param payload the caller's
 */
@SuppressWarnings(
    "ArrayRecordComponent") // never compared, and the payload is handed out as a clone
record SnapshotRecord(
    long file,
    long sizeBytes,
    String header,
    long modifiedNanos,
    int walSalt1,
    int walSalt2,
    long walBytes,
    boolean foreignKeys,
    byte[] payload) {

  private static final byte[] MAGIC = "LFRECORD".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256 + payload.length);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.write(MAGIC);
      out.writeInt(VERSION);
      out.writeLong(file);
      out.writeLong(sizeBytes);
      out.writeUTF(header);
      out.writeLong(modifiedNanos);
      out.writeInt(walSalt1);
      out.writeInt(walSalt2);
      out.writeLong(walBytes);
      out.writeBoolean(foreignKeys);
      out.writeInt(payload.length);
      out.write(payload);
      out.writeInt(checksum(bytes.toByteArray(), bytes.size()));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws SqliteException when it is damaged or of a newer version
   */
  static SnapshotRecord decode(byte[] encoded, String name) {
    if (encoded.length < MAGIC.length + 2 * Integer.BYTES
        || !Arrays.equals(encoded, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new SqliteException(name + " is not a snapshot record");
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(encoded))) {
      in.skipNBytes(MAGIC.length);
      int version = in.readInt();
      if (version != VERSION) {
        throw new SqliteException(
            name + " has version " + version + ", this program reads version " + VERSION);
      }
      int end = encoded.length - Integer.BYTES;
      if (java.nio.ByteBuffer.wrap(encoded).getInt(end) != checksum(encoded, end)) {
        throw new SqliteException(name + " is damaged: its checksum is wrong");
      }
      long file = in.readLong();
      long size = in.readLong();
      String header = in.readUTF();
      long modified = in.readLong();
      int salt1 = in.readInt();
      int salt2 = in.readInt();
      long wal = in.readLong();
      boolean foreignKeys = in.readBoolean();
      byte[] payload = in.readNBytes(in.readInt());
      return new SnapshotRecord(
          file, size, header, modified, salt1, salt2, wal, foreignKeys, payload);
    } catch (IOException e) {
      throw new SqliteException(name + " is damaged", e);
    }
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /** SHA-256 in hex of a file's first bytes. */
  static String hash(byte[] header) {
    try {
      return HexFormat.of()
          .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(header));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  SnapshotRecord withPayload(byte[] newPayload, boolean newForeignKeys) {
    return new SnapshotRecord(
        file,
        sizeBytes,
        header,
        modifiedNanos,
        walSalt1,
        walSalt2,
        walBytes,
        newForeignKeys,
        newPayload);
  }
}
