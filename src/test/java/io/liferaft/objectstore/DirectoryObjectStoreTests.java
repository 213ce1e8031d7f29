package io.liferaft.objectstore;

import static io.liferaft.objectstore.ObjectStoreContract.assertReason;
import static io.liferaft.objectstore.ObjectStoreContract.read;
import static io.liferaft.objectstore.ObjectStoreContract.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DirectoryObjectStoreTests implements ObjectStoreContract {

  @TempDir Path root;
  private Path directory = Path.of("");

  @BeforeEach
  void createDirectory() throws IOException {
    directory = Files.createDirectory(root.resolve("backups"));
  }

  @Override
  public ObjectStore store() {
    return new DirectoryObjectStore(directory, false);
  }

  @Override
  public ObjectStore missingStore() {
    return new DirectoryObjectStore(root.resolve("missing"), false);
  }

  @Test
  void createsTheDirectoryOnlyWhenToldSo() throws IOException {
    Path made = root.resolve("a/b");
    ObjectStore store = new DirectoryObjectStore(made, true);

    assertReason(Reason.NO_SUCH_BUCKET, () -> store.head("k"));
    store.put("k", Map.of(), ALWAYS, text("one"));

    assertThat(read(store, "k")).isEqualTo("one");
    assertThat(root.resolve("missing")).doesNotExist();
  }

  /** rqlite 10.2 writes this beside the file of a backup. */
  @Test
  void knowsTheIdThatRqliteHasNoted() throws IOException {
    Files.writeString(directory.resolve("20261122210428_b.sqlite"), "abc");
    Files.writeString(directory.resolve("other.sqlite"), "abc");
    Files.writeString(
        directory.resolve("METADATA.json"),
        "{\"id\":\"8\",\"timestamp\":1795381468799,\"name\":\"/abs/20261122210428_b.sqlite\"}");

    assertThat(store().head("20261122210428_b.sqlite").orElseThrow().metadata())
        .containsExactly(Map.entry("x-rqlite-auto-backup-id", "8"));
    assertThat(store().head("other.sqlite").orElseThrow().metadata()).isEmpty();
    assertThat(store().list("")).extracting(ObjectInfo::key).doesNotContain("METADATA.json");
    Files.writeString(directory.resolve("METADATA.json"), "<html>");
    assertThat(store().head("20261122210428_b.sqlite").orElseThrow().metadata()).isEmpty();
  }

  @Test
  void notesTheIdOfAnObjectAsRqliteDoes() throws IOException {
    ObjectStore store = store();
    store.put("b.sqlite", Map.of("x-rqlite-auto-backup-id", "8"), ALWAYS, text("one"));
    store.put("b.lineage", Map.of(), ALWAYS, text("marker"));
    store.copy("b.sqlite", "b.preserved.sqlite");

    JsonNode noted = JsonMapper.shared().readTree(directory.resolve("METADATA.json").toFile());

    assertThat(noted.propertyNames()).containsExactly("id", "timestamp", "name");
    assertThat(noted.get("id").asString()).isEqualTo("8");
    assertThat(noted.get("name").asString()).isEqualTo(directory.resolve("b.sqlite").toString());
    assertThat(noted.get("timestamp").asLong())
        .isEqualTo(Files.getLastModifiedTime(directory.resolve("b.sqlite")).toMillis());
  }

  /** Not part of the contract's test: s3proxy's If-Match is a look and a write, S3's is not. */
  @Test
  void letsOneOfManyReplacingWritersWin() throws Exception {
    String etag = store().put("k", Map.of(), ALWAYS, text("start")).etag();

    assertThat(winners(new PutCondition.IfMatch(etag))).isOne();
  }

  @Test
  void readsWhatSomebodyElsePutThere() throws IOException {
    Files.writeString(directory.resolve("foreign.sqlite"), "abc");

    ObjectInfo info = store().head("foreign.sqlite").orElseThrow();

    assertThat(info.metadata()).isEmpty();
    assertThat(info.sizeBytes()).isEqualTo(3);
    assertThat(read(store(), "foreign.sqlite")).isEqualTo("abc");
    Files.writeString(directory.resolve("foreign.sqlite"), "abd");
    Files.setLastModifiedTime(
        directory.resolve("foreign.sqlite"), FileTime.from(Instant.ofEpochSecond(1_700_000_000)));
    assertThat(store().head("foreign.sqlite").orElseThrow().etag()).isNotEqualTo(info.etag());
    assertReason(
        Reason.PRECONDITION_FAILED,
        () ->
            store()
                .put(
                    "foreign.sqlite",
                    Map.of(),
                    new PutCondition.IfMatch(info.etag()),
                    text("mine")));
  }

  @Test
  void givesTheSameBytesWithOtherMetadataAnotherEtag() {
    String first = store().put("k", Map.of("term", "1"), ALWAYS, text("one")).etag();
    String second = store().put("k", Map.of("term", "2"), ALWAYS, text("one")).etag();

    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void ignoresMetadataOfOtherContent() throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));
    Files.writeString(directory.resolve("k"), "two");

    assertThat(store().head("k").orElseThrow().metadata()).isEmpty();
  }

  @Test
  void findsTheMetadataOfEitherFileAfterACrashBetweenTheRenames() throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));
    Path before = Files.copy(directory.resolve("k"), root.resolve("before"));
    store().put("k", Map.of("n", "2"), ALWAYS, text("two"));
    ObjectInfo whole = store().head("k").orElseThrow();

    Files.move(before, directory.resolve("k"), StandardCopyOption.REPLACE_EXISTING);

    assertThat(whole.metadata()).containsEntry("n", "2");
    assertThat(store().head("k").orElseThrow().metadata()).containsEntry("n", "1");
  }

  @Test
  void keepsMetadataAndEtagInACopyOfTheDirectory() throws IOException {
    ObjectInfo original = store().put("k", Map.of("n", "1"), ALWAYS, text("one"));
    Path copied = Files.createDirectory(root.resolve("copied"));
    for (String name : new String[] {"k", "k.metadata.json"}) {
      Files.copy(directory.resolve(name), copied.resolve(name));
    }

    ObjectInfo copy = new DirectoryObjectStore(copied, false).head("k").orElseThrow();

    assertThat(copy.metadata()).isEqualTo(original.metadata());
    assertThat(copy.etag()).isEqualTo(original.etag());
  }

  @Test
  void readsNoContentToLookAtItsOwnFiles() {
    AtomicInteger hashed = new AtomicInteger();
    ObjectStore store =
        new DirectoryObjectStore(
            directory,
            false,
            _ -> {
              hashed.incrementAndGet();
              return "none";
            });

    store.put("k", Map.of("n", "1"), ALWAYS, text("one"));
    store.put("k", Map.of("n", "2"), ALWAYS, text("two"));

    assertThat(store.head("k").orElseThrow().metadata()).containsEntry("n", "2");
    assertThat(hashed).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "null", "[]", "{\"objects\":null}", "{\"objects\":[{}]}", "\u0000"})
  void takesDamagedMetadataForNone(String json) throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));
    Files.writeString(directory.resolve("k.metadata.json"), json);

    assertThat(store().head("k").orElseThrow().metadata()).isEmpty();
    store().put("k", Map.of("n", "2"), ALWAYS, text("two"));
    assertThat(store().head("k").orElseThrow().metadata()).containsEntry("n", "2");
  }

  @Test
  void sweepsWhatACrashLeftBehindButNotWhatIsUnderWay() throws IOException {
    Path abandoned = Files.writeString(directory.resolve(".liferaft-tmp-abandoned"), "x");

    store()
        .put(
            "outer",
            Map.of(),
            ALWAYS,
            out -> {
              out.write(1);
              store().put("inner", Map.of(), ALWAYS, text("in"));
              out.write(2);
            });

    assertThat(abandoned).doesNotExist();
    assertThat(store().list("")).extracting(ObjectInfo::key).containsExactly("inner", "outer");
    assertThat(store().head("outer").orElseThrow().sizeBytes()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../out",
        "a/../../out",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a//b",
        "a/",
        "k.metadata.json",
        ".liferaft-lock",
        ".liferaft-tmp-1"
      })
  void refusesKeysThatCannotBeItsFiles(String key) {
    assertThatIllegalArgumentException().isThrownBy(() -> store().head(key));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store().put(key, Map.of(), ALWAYS, text("x")));
  }

  @Test
  void storesUnderSubfolders() throws IOException {
    store().put("a/b/c", Map.of("n", "1"), ALWAYS, text("deep"));

    assertThat(read(store(), "a/b/c")).isEqualTo("deep");
    assertThat(store().list("a/")).extracting(ObjectInfo::key).containsExactly("a/b/c");
  }

  @Test
  void writesWhatALinkLeadsTo() throws IOException {
    Path elsewhere = Files.createDirectory(root.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("data"), "one");
    Path link = Files.createSymbolicLink(directory.resolve("k"), elsewhere.resolve("data"));
    assertThat(read(store(), "k")).isEqualTo("one");

    store().put("k", Map.of("n", "2"), ALWAYS, text("two"));

    assertThat(link).isSymbolicLink();
    assertThat(elsewhere.resolve("data")).hasContent("two");
    assertThat(store().head("k").orElseThrow().metadata()).containsEntry("n", "2");
    assertThat(elsewhere.toFile().list()).containsExactly("data");
  }

  /** As on a volume that is not mounted: nobody may take that for a place where nothing is. */
  @Test
  void takesALinkThatLeadsNowhereForTrouble() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("k"), root.resolve("gone/data"));

    assertReason(Reason.UNAVAILABLE, () -> store().head("k"));
    assertReason(Reason.UNAVAILABLE, () -> store().put("k", Map.of(), ALWAYS, text("two")));
    assertReason(
        Reason.UNAVAILABLE,
        () -> store().put("k", Map.of(), new PutCondition.IfAbsent(), text("two")));

    assertThat(link).isSymbolicLink();
  }

  @Test
  void saysWhatItMayNotRead() {
    store().put("k", Map.of(), ALWAYS, text("one"));

    assertReason(
        Reason.CONFIGURATION,
        () -> {
          Files.createDirectory(directory.resolve("folder"));
          store().head("folder");
        });
  }
}
