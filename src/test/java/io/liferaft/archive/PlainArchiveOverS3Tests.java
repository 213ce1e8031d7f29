package io.liferaft.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** As an application has it: the client that Spring Cloud AWS builds from its settings. */
@TestInstance(Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("PlainArchiveOverS3Tests")
class PlainArchiveOverS3Tests {

  private static final String BUCKET = "backups";
  private static final String KEY = "nodes/db.sqlite.gz";
  private static final PutCondition ALWAYS = new PutCondition.Always();

  private final S3Server server = S3Server.start(BUCKET);
  private final FaultyS3 faulty = FaultyS3.inFrontOf(server);
  private final byte[] database = new byte[18 << 20];
  private ConfigurableApplicationContext application = started();
  @TempDir Path root;

  @EnableAutoConfiguration
  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Application {}

  private ConfigurableApplicationContext started() {
    List<String> settings = new ArrayList<>(server.nodeSettings(faulty.endpoint()));
    settings.add("management.endpoint.health.validate-group-membership=false");
    settings.add("liferaft.backup.target=s3://" + BUCKET + "/" + KEY);
    return new SpringApplicationBuilder(Application.class)
        .web(WebApplicationType.NONE)
        .run(settings.stream().map(setting -> "--" + setting).toArray(String[]::new));
  }

  @BeforeAll
  void fill() {
    new Random(7).nextBytes(database);
  }

  @AfterEach
  void heal() {
    faulty.heal();
    faulty.forgetRequests();
    server.forgetRequests();
  }

  @AfterAll
  void stop() {
    application.close();
    faulty.close();
    server.close();
  }

  private BackupArchive archive(String bucket) {
    return application.getBean(BackupArchives.class).open("s3://" + bucket + "/" + KEY, true);
  }

  private BackupManifest manifest() throws Exception {
    String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(database));
    return new BackupManifest(
        "c", "g", 1, 2, sha256, database.length, false, List.of("n1=h:1"), null, null, null);
  }

  @Test
  void fetchesWhatItWroteOverBrokenTransfers() throws Exception {
    BackupArchive archive = archive(BUCKET);
    StoredBackup written = archive.write(manifest(), ALWAYS, new Bytes(database));
    StoredBackup latest = archive.latest().orElseThrow();
    faulty.when("GET").key(KEY).times(2).cutAnswerAt(5 << 20);
    faulty.forgetRequests();
    Path into = root.resolve("restored.sqlite");

    archive.fetch(latest, into, _ -> {});

    assertThat(latest.manifest()).isEqualTo(manifest());
    assertThat(latest.etag()).isEqualTo(written.etag());
    assertThat(Files.readAllBytes(into)).isEqualTo(database);
    assertThat(faulty.requests()).extracting(r -> r.method()).containsOnly("GET");
    assertThat(faulty.requests()).extracting(r -> r.status()).containsExactly(200, 206, 206);
  }

  @Test
  void findsTheNewestTimestampedBackupAndRemovesWhatKilledUploadsLeft() throws Exception {
    String place = "s3://" + BUCKET + "/series/db.sqlite.gz";
    BackupArchives archives = application.getBean(BackupArchives.class);
    BackupArchive archive = archives.open(place, true, false, true);
    StoredBackup first =
        archive.write(manifest(), new PutCondition.IfAbsent(), new Bytes(database));
    PutCondition onFirst = new PutCondition.IfMatch(first.etag());
    StoredBackup second = archive.write(manifest(), onFirst, new Bytes(database));
    for (String key : List.of("series/20260101000000_db.sqlite.gz", "series/2_other")) {
      try (S3Client direct = server.client()) {
        var _ = direct.createMultipartUpload(b -> b.bucket(BUCKET).key(key));
      }
    }

    assertThat(second.key()).isGreaterThan(first.key()).matches("series/\\d{14}_db.sqlite.gz");
    assertThat(archive.latest()).map(StoredBackup::key).contains(second.key());
    assertThat(archives.open(place, true, false, true).latest())
        .map(StoredBackup::key)
        .contains(second.key());
    assertThat(archives.open(place, true).toRestore())
        .map(StoredBackup::manifest)
        .contains(manifest());
    assertThat(archive.sweep()).isEqualTo(1);
    assertThat(archives.open("s3://" + BUCKET + "/series/2_other", true).sweep()).isEqualTo(1);
  }

  @Test
  void leavesTheFormerBackupWhenAnUploadBreaks() throws Exception {
    BackupArchive archive = archive(BUCKET);
    StoredBackup good = archive.write(manifest(), ALWAYS, new Bytes(database));
    byte[] wrong = database.clone();
    wrong[0]++;

    assertThatExceptionOfType(CorruptBackupException.class)
        .isThrownBy(() -> archive.write(manifest(), ALWAYS, new Bytes(wrong)));
    faulty.when("PUT").query("partNumber=2").answer(503, "SlowDown");
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive.write(manifest(), ALWAYS, new Bytes(database)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE));

    assertThat(archive.latest().orElseThrow().etag()).isEqualTo(good.etag());
    try (S3Client direct = server.client()) {
      assertThat(direct.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).isEmpty();
    }
  }

  @Test
  void preservesWithoutMovingTheBytes() throws Exception {
    BackupArchive archive = archive(BUCKET);
    StoredBackup written = archive.write(manifest(), ALWAYS, new Bytes(database));
    faulty.forgetRequests();

    String kept = archive.preserve(written);

    assertThat(kept).startsWith("nodes/db.preserved-").endsWith(".sqlite.gz");
    assertThat(archive.preserve(written)).isEqualTo(kept);
    assertThat(faulty.requests()).extracting(r -> r.method()).containsOnly("HEAD", "PUT");
    assertThat(faulty.requests()).filteredOn(r -> r.method().equals("PUT")).hasSize(1);
    try (S3Client direct = server.client()) {
      assertThat(direct.headObject(b -> b.bucket(BUCKET).key(kept)).metadata())
          .isEqualTo(ManifestCodec.encode(manifest()));
    }
  }

  @Test
  void readsAnObjectOfRqlite() throws Exception {
    try (S3Client direct = server.client()) {
      direct.putObject(
          b -> b.bucket(BUCKET).key(KEY).metadata(java.util.Map.of("x-rqlite-auto-backup-id", "8")),
          RequestBody.fromString("SQLite format 3 and so on"));
    }
    Path into = root.resolve("rqlite.sqlite");

    StoredBackup latest = archive(BUCKET).latest().orElseThrow();
    archive(BUCKET).fetch(latest, into, _ -> {});

    assertThat(latest.manifest().clusterId()).isNull();
    assertThat(Files.readString(into, UTF_8)).startsWith("SQLite format 3");
  }

  @Test
  void saysWhyThereIsNoAnswer() {
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(() -> archive("another-bucket").latest())
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_SUCH_BUCKET));
    faulty.stop();
    try {
      assertThatExceptionOfType(ObjectStoreException.class)
          .isThrownBy(() -> archive(BUCKET).latest())
          .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE))
          .withMessageContaining("s3://backups/" + KEY)
          .withMessageContaining("refused");
    } finally {
      faulty.start();
    }
  }
}
