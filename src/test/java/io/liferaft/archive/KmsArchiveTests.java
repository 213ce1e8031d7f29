package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.KeyService;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PreflightFinding.Result;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.support.FakeKms;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.ComponentScan;

/** Archives whose data keys are wrapped by a key management service, over HTTP. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("KmsArchiveTests")
class KmsArchiveTests {

  private static final int CHUNK = ChunkTable.CHUNK_BYTES;
  private static final String ALIAS = "alias/backups";

  @TempDir Path root;
  private final Random random = new Random(7);
  private final FakeKms kms = FakeKms.start();
  private final String first = kms.createKey("1111-aaaa");
  private final String second = kms.createKey("2222-bbbb");
  private final AnnotationConfigApplicationContext context =
      new AnnotationConfigApplicationContext();

  private RequestFaults store =
      new RequestFaults(ChunkedArchiveTests.directory(Path.of("nowhere")));

  @EnableAutoConfiguration
  @ComponentScan({"io.liferaft.objectstore", "io.liferaft.archive"})
  static class Application {}

  @BeforeEach
  void open() throws IOException {
    Files.createDirectory(root.resolve("store"));
    store = new RequestFaults(ChunkedArchiveTests.directory(root.resolve("store")));
    kms.alias(ALIAS, first);
    TestPropertyValues.of(
            "liferaft.archive.encryption.key-id=k1",
            "liferaft.archive.encryption.keys.k1=kms:" + ALIAS,
            "liferaft.objectstore.kms.endpoint=" + kms.endpoint(),
            "liferaft.objectstore.kms.call-timeout=2s",
            "spring.cloud.aws.region.static=us-west-2",
            "spring.cloud.aws.credentials.access-key=a",
            "spring.cloud.aws.credentials.secret-key=b")
        .applyTo(context);
    context.register(Application.class);
    context.refresh();
  }

  @AfterEach
  void close() {
    context.close();
    kms.close();
  }

  /** As a process has it that is told these keys, each as {@code id=source}. */
  private ChunkedArchive archive(@Nullable String current, String... keys) {
    Map<String, KeySource> sources = new HashMap<>();
    for (String key : keys) {
      String[] parts = key.split("=", 2);
      sources.put(parts[0], KeySource.parse(parts[1]));
    }
    return new ChunkedArchive(
        store,
        "db/",
        "file:x/db/",
        "file:/x/db/",
        3,
        new EncryptionKeys(
            current,
            sources,
            Map.of("HELD", "11".repeat(32))::get,
            context.getBean(KeyService.class)),
        random,
        _ -> {});
  }

  private static StoredBackup write(ChunkedArchive archive, TestDatabase database)
      throws IOException {
    PutCondition condition =
        archive
            .latest()
            .<PutCondition>map(backup -> new PutCondition.IfMatch(backup.etag()))
            .orElse(new PutCondition.IfAbsent());
    TestDatabase.Source source = database.source();
    return archive.write(database.manifest(archive.digest(source)), condition, source);
  }

  private byte[] fetched(ChunkedArchive archive, StoredBackup backup) throws IOException {
    Path into = Files.createTempFile(root, "fetched", ".sqlite");
    Files.delete(into);
    assertThat(archive.fetch(backup, into, _ -> {})).isEqualTo(backup.manifest().sha256());
    return Files.readAllBytes(into);
  }

  private byte[] newest(ChunkedArchive archive) throws IOException {
    return fetched(archive, archive.toRestore().orElseThrow());
  }

  private List<Path> files() throws IOException {
    try (var files = Files.walk(root.resolve("store"))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private String newestManifest() throws IOException {
    try (var files = Files.walk(root.resolve("store/db/manifests"))) {
      return Files.readString(
          files.filter(file -> file.toString().endsWith(".zst")).sorted().toList().getLast(),
          StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void asksOnceForEachGenerationAndProcess() throws IOException {
    TestDatabase database = TestDatabase.random(5, 1);
    ChunkedArchive archive = archive("k1", "k1=kms:" + ALIAS);

    write(archive, database);
    write(archive, database.set(5, (byte) 1));
    assertThat(newest(archive)).isEqualTo(database.bytes());
    assertThat(kms.requests())
        .containsExactly(
            new FakeKms.Request(
                "Encrypt", ALIAS, Map.of("liferaft", "archive-data-key"), "us-west-2"));

    write(archive, database.newGeneration("generation-2"));
    assertThat(kms.requests())
        .extracting(FakeKms.Request::operation)
        .containsExactly("Encrypt", "Encrypt");

    kms.forgetRequests();
    ChunkedArchive another = archive("k1", "k1=kms:" + ALIAS);
    assertThat(newest(another)).isEqualTo(database.bytes());
    write(another, database.set(6, (byte) 1));
    assertThat(newest(another)).isEqualTo(database.bytes());
    assertThat(kms.requests())
        .containsExactly(
            new FakeKms.Request(
                "Decrypt", ALIAS, Map.of("liferaft", "archive-data-key"), "us-west-2"));
  }

  @Test
  void namesTheKeyInEveryObjectAndAsksInItsRegion() throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);

    write(archive("k1", "k1=kms:" + ALIAS), database);

    assertThat(newestManifest())
        .startsWith("LFE1")
        .contains(
            "{\"keyId\":\"k1\",\"wrapping\":\"aws-kms\",\"kmsKey\":\""
                + first
                + "\",\"wrappedKey\":");
    assertThat(newest(archive(null, "k1=kms:" + first))).isEqualTo(database.bytes());
    assertThat(newest(archive(null, "k1=kms:1111-aaaa"))).isEqualTo(database.bytes());
    assertThat(kms.requests())
        .extracting(FakeKms.Request::region)
        .containsExactly("us-west-2", "eu-central-1", "us-west-2");
  }

  @Test
  void takesAnotherKeyWithoutSendingChunksAgain() throws IOException {
    TestDatabase database = TestDatabase.random(30, 1);
    StoredBackup old = write(archive("k1", "k1=kms:" + first), database);
    byte[] before = database.bytes();

    StoredBackup rotated = write(archive("k2", "k1=kms:" + first, "k2=kms:" + second), database);

    assertThat(rotated.key()).contains(".full.");
    assertThat(rotated.addedBytes()).isLessThan(6000);
    assertThat(newest(archive("k2", "k2=kms:" + second))).isEqualTo(database.bytes());
    ChunkedArchive both = archive("k2", "k1=kms:" + first, "k2=kms:" + second);
    assertThat(fetched(both, old)).isEqualTo(before);
    StoredBackup held =
        write(archive("k3", "k2=kms:" + second, "k3=env:HELD"), database.set(1, (byte) 1));
    assertThat(held.addedBytes()).isLessThan(2L * CHUNK);
    assertThat(newest(archive("k3", "k3=env:HELD"))).isEqualTo(database.bytes());
  }

  private static void refused(ThrowingCallable call, String... said) {
    assertThatExceptionOfType(EncryptionKeyException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CONFIGURATION))
        .satisfies(e -> assertThat(e.getMessage()).contains(said));
  }

  @Test
  void saysWhichKeyIsWanted() throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    write(archive("k1", "k1=kms:" + ALIAS), database);
    write(archive("k1", "k1=kms:" + ALIAS), database.set(1, (byte) 1));
    List<Path> before = files();

    refused(
        () -> archive("k2", "k2=env:HELD").toRestore(),
        "encrypted with the key of id k1 (in AWS KMS " + first + ")",
        "set liferaft.archive.encryption.keys.k1=kms:" + first);
    refused(
        () -> archive("k1", "k1=env:HELD").toRestore(),
        "liferaft.archive.encryption.keys.k1: it has to be kms:" + first);
    refused(
        () -> archive("k1", "k1=kms:" + second).toRestore(),
        first,
        "it was wrapped with another key");
    refused(() -> write(archive("k1", "k1=kms:" + second), database), first);
    kms.alias(ALIAS, second);
    refused(() -> archive("k1", "k1=kms:" + ALIAS).toRestore(), first, "IncorrectKeyException");

    assertThat(files()).isEqualTo(before);
    assertThat(newest(archive("k1", "k1=kms:" + first))).isEqualTo(database.bytes());
  }

  @Test
  void aPreflightAsksForItsKeyEachTime() throws IOException {
    ChunkedArchive archive = archive("k1", "k1=kms:" + ALIAS);
    StoredBackup _ = write(archive, new TestDatabase(new byte[4096]));
    kms.forgetRequests();

    assertThat(archive.preflight())
        .extracting(PreflightFinding::result)
        .containsExactly(Result.OK, Result.OK);
    assertThat(kms.count("Encrypt")).isOne();
    assertThat(kms.count("Decrypt")).isEqualTo(2);

    kms.refuse(400, "AccessDeniedException", "no");
    assertThat(archive.preflight())
        .extracting(PreflightFinding::result)
        .containsExactly(Result.PROBLEM, Result.PROBLEM);
    kms.refuse(500, "KMSInternalException", "away");
    assertThat(archive.preflight())
        .extracting(PreflightFinding::result)
        .containsExactly(Result.PROBLEM, Result.SKIPPED);
    assertThat(archive.preflight().getFirst().advice()).contains("AWS KMS can be reached");
  }

  @Test
  void takesAWrappingForNoOtherPurpose() throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    KeyService service = context.getBean(KeyService.class);
    KeyService.Wrapped foreign =
        service.wrap(first, new byte[DataKey.BYTES], Map.of("liferaft", "another"));
    Wrapping wrapping =
        new Wrapping(
            "k1",
            Wrapping.AWS_KMS,
            first,
            java.util.Base64.getEncoder().encodeToString(foreign.bytes()));
    EncryptionKeys keys =
        new EncryptionKeys("k1", Map.of("k1", KeySource.parse("kms:" + first)), _ -> null, service);

    refused(() -> keys.unwrap(wrapping, "an object"), "an object", "for another purpose");
    refused(
        () -> keys.unwrap(new Wrapping("k1", "rot13", null, "AAAA"), "an object"),
        "wrapped by rot13, which this version of Liferaft does not know: use a newer one");
    write(archive("k1", "k1=env:HELD"), database);
    refused(() -> archive("k1", "k1=kms:" + first).toRestore(), "it names AWS KMS");
  }

  @ParameterizedTest
  @CsvSource({
    "400, AccessDeniedException, grant kms:Encrypt",
    "400, DisabledException, the key is disabled",
    "400, KMSInvalidStateException, waits for its deletion",
    "400, NotFoundException, there is no such key",
    "400, ValidationException, ValidationException",
    "400, UnrecognizedClientException, the credentials are not accepted"
  })
  void saysWhatToDoAndWritesNothing(int status, String code, String sentence) throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    kms.refuse(status, code, "by rule");

    refused(
        () -> write(archive("k1", "k1=kms:" + ALIAS), database),
        "Backups cannot be encrypted: liferaft.archive.encryption.keys.k1: ",
        sentence,
        ALIAS,
        "by rule");
    assertThat(files()).isEmpty();

    kms.heal();
    write(archive("k1", "k1=kms:" + ALIAS), database);
    kms.refuse(status, code, "by rule");
    refused(
        () -> archive("k1", "k1=kms:" + ALIAS).toRestore(), "the key of id k1", first, sentence);
  }

  @ParameterizedTest
  @CsvSource({"500, KMSInternalException", "400, ThrottlingException", "0, silent"})
  void isUnavailableWhileItIsNotThere(int status, String code) throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    ChunkedArchive archive = archive("k1", "k1=kms:" + ALIAS);
    Runnable away = status == 0 ? kms::silent : () -> kms.refuse(status, code, "by rule");

    away.run();
    unavailable(() -> write(archive, database), "Backups cannot be encrypted");
    assertThat(files()).isEmpty();
    kms.heal();
    StoredBackup stored = write(archive, database);
    away.run();
    unavailable(() -> archive("k1", "k1=kms:" + ALIAS).toRestore(), "the key of id k1", first);
    assertThat(fetched(archive, stored)).isEqualTo(database.bytes());
    kms.heal();

    assertThat(newest(archive("k1", "k1=kms:" + ALIAS))).isEqualTo(database.bytes());
  }

  private static void unavailable(ThrowingCallable call, String... said) {
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNAVAILABLE))
        .satisfies(e -> assertThat(e.getMessage()).contains(said));
  }

  /** Golden files: an archive of two backups as the first version of the format wrote it. */
  @Test
  void readsWhatVersionOneOfTheFormatWrote() throws IOException {
    String old = kms.createKey("3333-cccc", HexFormat.of().parseHex("5c".repeat(32)));
    ChunkedArchiveTests.copyGolden("kms", root.resolve("store/db"));
    byte[] first = new byte[2 * CHUNK + 4096];
    for (int i = 0; i < first.length; i++) {
      first[i] = (byte) (i >> 10);
    }
    TestDatabase database = new TestDatabase(first);

    ChunkedArchive archive = archive("k1", "k1=kms:" + old);
    StoredBackup newest = archive.toRestore().orElseThrow();

    assertThat(fetched(archive, newest)).isEqualTo(database.set(5, (byte) 1).bytes());
    assertThat(fetched(archive, archive.before(newest).orElseThrow())).isEqualTo(first);
    StoredBackup next = write(archive, database.set(6, (byte) 1));
    assertThat(next.addedBytes()).isLessThan(2000);
    assertThat(newest(archive("k1", "k1=kms:" + old))).isEqualTo(database.bytes());
  }

  @Test
  void worksAsConfigured() throws IOException {
    TestDatabase database = TestDatabase.random(2, 1);
    String target = "file:" + root.resolve("store/db") + "/";
    BackupArchive archive = context.getBean(BackupArchives.class).open(target, true, true);
    TestDatabase.Source source = database.source();

    StoredBackup stored =
        archive.write(
            database.manifest(archive.digest(source)), new PutCondition.IfAbsent(), source);

    assertThat(archive.latest().map(StoredBackup::manifest)).contains(stored.manifest());
    assertThat(newestManifest()).contains(first);
    assertThat(newest(archive("k1", "k1=kms:" + ALIAS))).isEqualTo(database.bytes());
  }
}
