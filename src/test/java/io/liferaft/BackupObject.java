package io.liferaft;

import io.liferaft.support.GeneratedDatabase;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.StartWatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * What a backup's place may hold.
 *
 * @param metadata without the prefix of S3's headers
 */
record BackupObject(byte[] bytes, Map<String, String> metadata) {

  static final int ROWS = 5_000;

  private static final int PAGE_BYTES = 4096;

  /** A query of the database of {@link #plain}, and its answer. */
  static final String COUNT = "SELECT count(*) FROM t0";

  static final String COUNTED = "[[" + ROWS + "]]";

  /** A sound database as rqlite puts it without compression. */
  static BackupObject plain(Path folder) throws IOException {
    return plain(folder, ROWS);
  }

  /** A query that fails on the database of {@link #plain}, and with what. */
  static final String WRITE = "INSERT INTO t0 (id, name) VALUES (1, 'there already')";

  static final String REFUSED = "UNIQUE constraint failed";

  /** A small one of the same form, with so many rows. */
  static BackupObject plain(Path folder, int rows) throws IOException {
    Path file = Files.createTempFile(folder, "object-", ".sqlite");
    Files.delete(file);
    GeneratedDatabase.write(file, 2, rows);
    return new BackupObject(Files.readAllBytes(file), Map.of("x-rqlite-auto-backup-id", "4711"));
  }

  /** A database of one table big, of about so many bytes. */
  static BackupObject big(Path folder, long bytes) throws IOException {
    Path file = Files.createTempFile(folder, "object-", ".sqlite");
    Files.delete(file);
    GeneratedDatabase.writeBig(file, bytes);
    return new BackupObject(Files.readAllBytes(file), Map.of("x-rqlite-auto-backup-id", "4711"))
        .gzip();
  }

  /** Watches nodes that are to restore a database with so many rows in t0. */
  static StartWatch watch(List<LiferaftProcess> nodes, int rows) {
    return new StartWatch(nodes, COUNT, "[[" + rows + "]]", WRITE, REFUSED);
  }

  /** The header and every other page are those of a sound database. */
  BackupObject corruptPages() {
    byte[] damaged = bytes.clone();
    for (int page = 2; page < bytes.length / PAGE_BYTES; page += 2) {
      Arrays.fill(damaged, page * PAGE_BYTES, (page + 1) * PAGE_BYTES, (byte) 0x5a);
    }
    return new BackupObject(damaged, metadata);
  }

  String sha256() throws java.security.NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  BackupObject gzip() throws IOException {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
      out.write(bytes);
    }
    return new BackupObject(zipped.toByteArray(), metadata);
  }

  BackupObject truncated() {
    return new BackupObject(Arrays.copyOf(bytes, bytes.length / 2), metadata);
  }

  BackupObject with(String key, String value) {
    return new BackupObject(bytes, Map.of(key, value));
  }

  void put(S3Client s3, String bucket, String key) {
    var _ =
        s3.putObject(
            b -> b.bucket(bucket).key(key).metadata(metadata), RequestBody.fromBytes(bytes));
  }
}
