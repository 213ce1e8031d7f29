package io.liferaft;

import io.liferaft.support.GeneratedDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

  /** A query of the database of {@link #plain}, and its answer. */
  static final String COUNT = "SELECT count(*) FROM t0";

  static final String COUNTED = "[[" + ROWS + "]]";

  /** A sound database as rqlite puts it without compression. */
  static BackupObject plain(Path folder) throws IOException {
    Path file = Files.createTempFile(folder, "object-", ".sqlite");
    Files.delete(file);
    GeneratedDatabase.write(file, 2, ROWS);
    return new BackupObject(Files.readAllBytes(file), Map.of("x-rqlite-auto-backup-id", "4711"));
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
