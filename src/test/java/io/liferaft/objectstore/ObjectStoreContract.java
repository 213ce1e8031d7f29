package io.liferaft.objectstore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What every object store keeps. */
interface ObjectStoreContract {

  /** An empty store. */
  ObjectStore store();

  /** The same kind of store, in a bucket or directory that does not exist. */
  ObjectStore missingStore();

  PutCondition ALWAYS = new PutCondition.Always();

  static ObjectWriter text(String text) {
    return out -> out.write(text.getBytes(UTF_8));
  }

  static void assertReason(Reason reason, ThrowingCallable call) {
    assertThatExceptionOfType(ObjectStoreException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  static String read(ObjectStore store, String key) throws IOException {
    try (InputStream in = store.get(key, 0, null)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @Test
  default void saysThatNothingIsThere() {
    assertThat(store().head("backup.sqlite")).isEmpty();
    assertReason(Reason.NOT_FOUND, () -> store().get("backup.sqlite", 0, null).close());
  }

  @Test
  default void givesBackWhatWasPut() throws IOException {
    Map<String, String> metadata = Map.of("liferaft-term", "7", "x-id", "a b/c");

    ObjectInfo put = store().put("backup.sqlite", metadata, ALWAYS, text("hello"));

    assertThat(put.metadata()).isEqualTo(metadata);
    assertThat(put.sizeBytes()).isEqualTo(5);
    assertThat(put.etag()).isNotEmpty();
    ObjectInfo seen = store().head("backup.sqlite").orElseThrow();
    assertThat(seen.metadata()).isEqualTo(metadata);
    assertThat(seen.etag()).isEqualTo(put.etag());
    assertThat(seen.sizeBytes()).isEqualTo(5);
    assertThat(seen.key()).isEqualTo("backup.sqlite");
    assertThat(read(store(), "backup.sqlite")).isEqualTo("hello");
  }

  @Test
  default void putsAnEmptyObject() throws IOException {
    ObjectInfo put = store().put("empty", Map.of(), ALWAYS, _ -> {});

    assertThat(put.sizeBytes()).isZero();
    assertThat(store().head("empty").orElseThrow().sizeBytes()).isZero();
    assertThat(read(store(), "empty")).isEmpty();
  }

  @Test
  default void putsMoreThanFitsIntoOnePart() throws IOException {
    byte[] content = new byte[(17 << 20) + 12_345];
    new Random(1).nextBytes(content);

    ObjectInfo put =
        store().put("big", Map.of("liferaft-term", "9"), ALWAYS, out -> out.write(content));

    assertThat(put.sizeBytes()).isEqualTo(content.length);
    ObjectInfo seen = store().head("big").orElseThrow();
    assertThat(seen.etag()).isEqualTo(put.etag());
    assertThat(seen.metadata()).containsEntry("liferaft-term", "9");
    try (InputStream in = store().get("big", 0, put.etag())) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
  }

  @Test
  default void replacesWithAnotherEtag() throws IOException {
    ObjectInfo first = store().put("k", Map.of("n", "1"), ALWAYS, text("one"));
    ObjectInfo second = store().put("k", Map.of("n", "2"), ALWAYS, text("two"));

    assertThat(second.etag()).isNotEqualTo(first.etag());
    assertThat(store().head("k").orElseThrow().metadata()).containsEntry("n", "2");
    assertThat(read(store(), "k")).isEqualTo("two");
  }

  @Test
  default void leavesNothingWhenTheWriterFails() throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() ->
            store()
                .put(
                    "k",
                    Map.of(),
                    ALWAYS,
                    out -> {
                      out.write(new byte[9 << 20]);
                      throw new IllegalStateException("no more");
                    }));
    assertReason(
        Reason.UNAVAILABLE,
        () ->
            store()
                .put(
                    "new",
                    Map.of(),
                    ALWAYS,
                    _ -> {
                      throw new IOException("disk");
                    }));

    assertThat(read(store(), "k")).isEqualTo("one");
    assertThat(store().head("k").orElseThrow().metadata()).containsEntry("n", "1");
    assertThat(store().list("")).extracting(ObjectInfo::key).containsExactly("k");
  }

  @Test
  default void putsOnlyWhenAbsent() throws IOException {
    store().put("k", Map.of(), new PutCondition.IfAbsent(), text("one"));

    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("k", Map.of(), new PutCondition.IfAbsent(), text("two")));
    assertReason(
        Reason.PRECONDITION_FAILED,
        () ->
            store()
                .put(
                    "k",
                    Map.of(),
                    new PutCondition.IfAbsent(),
                    out -> out.write(new byte[9 << 20])));

    assertThat(read(store(), "k")).isEqualTo("one");
  }

  @Test
  default void putsOnlyWhenUnchanged() throws IOException {
    String etag = store().put("k", Map.of(), ALWAYS, text("one")).etag();
    ObjectInfo second = store().put("k", Map.of(), new PutCondition.IfMatch(etag), text("two"));

    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("k", Map.of(), new PutCondition.IfMatch(etag), text("three")));
    assertReason(
        Reason.PRECONDITION_FAILED,
        () ->
            store()
                .put(
                    "k",
                    Map.of(),
                    new PutCondition.IfMatch(etag),
                    out -> out.write(new byte[9 << 20])));
    assertReason(
        Reason.PRECONDITION_FAILED,
        () -> store().put("gone", Map.of(), new PutCondition.IfMatch(etag), text("three")));

    assertThat(read(store(), "k")).isEqualTo("two");
    store()
        .put(
            "k",
            Map.of(),
            new PutCondition.IfMatch(second.etag()),
            o -> o.write(new byte[9 << 20]));
    assertThat(store().head("k").orElseThrow().sizeBytes()).isEqualTo(9 << 20);
  }

  @Test
  default void letsOneOfManyFirstWritersWin() throws Exception {
    assertThat(winners(new PutCondition.IfAbsent())).isOne();
  }

  /** How many of several writers at once succeed under a condition. */
  default int winners(PutCondition condition) throws Exception {
    Callable<Boolean> writer =
        () -> {
          try {
            String own = Thread.currentThread().toString();
            store().put("k", Map.of(), condition, text(own));
            return true;
          } catch (ObjectStoreException e) {
            assertThat(e.reason()).isEqualTo(Reason.PRECONDITION_FAILED);
            return false;
          }
        };
    int winners = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> won : threads.invokeAll(List.of(writer, writer, writer, writer))) {
        winners += won.get() ? 1 : 0;
      }
    }
    return winners;
  }

  @Test
  default void readsFromAnOffset() throws IOException {
    String etag = store().put("k", Map.of(), ALWAYS, text("0123456789")).etag();

    try (InputStream in = store().get("k", 4, etag)) {
      assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo("456789");
    }
    try (InputStream in = store().get("k", 10, etag)) {
      assertThat(in.readAllBytes()).isEmpty();
    }
    assertReason(Reason.PRECONDITION_FAILED, () -> store().get("k", 11, etag).close());
  }

  @Test
  default void refusesToReadAnotherObjectThanAsked() {
    String etag = store().put("k", Map.of(), ALWAYS, text("one")).etag();
    store().put("k", Map.of(), ALWAYS, text("two"));

    assertReason(Reason.PRECONDITION_FAILED, () -> store().get("k", 0, etag).close());
    assertReason(Reason.PRECONDITION_FAILED, () -> store().get("k", 1, etag).close());
  }

  @Test
  default void closesAReadThatIsNotFinished() throws IOException {
    store().put("k", Map.of(), ALWAYS, out -> out.write(new byte[3 << 20]));

    for (int i = 0; i < 60; i++) {
      try (InputStream in = store().get("k", 0, null)) {
        assertThat(in.read()).isZero();
      }
    }

    assertThat(store().head("k")).isPresent();
  }

  @Test
  default void copiesWithMetadata() throws IOException {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));

    ObjectInfo copy = store().copy("k", "kept");

    store().put("k", Map.of("n", "2"), ALWAYS, text("two"));
    ObjectInfo seen = store().head("kept").orElseThrow();
    assertThat(seen.metadata()).containsEntry("n", "1");
    assertThat(seen.etag()).isEqualTo(copy.etag());
    assertThat(read(store(), "kept")).isEqualTo("one");
    assertReason(Reason.NOT_FOUND, () -> store().copy("nothing", "kept"));
  }

  @Test
  default void listsByPrefixInKeyOrder() {
    for (String key : List.of("b.2", "b.1", "a", "b.3", "c")) {
      store().put(key, Map.of("n", "1"), ALWAYS, text(key));
    }

    assertThat(store().list("b.")).extracting(ObjectInfo::key).containsExactly("b.1", "b.2", "b.3");
    assertThat(store().list("")).hasSize(5);
    assertThat(store().list("x")).isEmpty();
    assertThat(store().list("a").getFirst().etag())
        .isEqualTo(store().head("a").orElseThrow().etag());
  }

  @Test
  default void deletesAndDoesNotMindWhatIsMissing() {
    store().put("k", Map.of("n", "1"), ALWAYS, text("one"));

    store().delete("k");
    store().delete("k");

    assertThat(store().head("k")).isEmpty();
    assertThat(store().list("")).isEmpty();
  }

  @Test
  default void tellsAMissingBucketFromAMissingKey() {
    ObjectStore missing = missingStore();

    assertReason(Reason.NO_SUCH_BUCKET, () -> missing.head("k"));
    assertReason(Reason.NO_SUCH_BUCKET, () -> missing.get("k", 0, null).close());
    assertReason(Reason.NO_SUCH_BUCKET, () -> missing.list(""));
    assertReason(Reason.NO_SUCH_BUCKET, () -> missing.put("k", Map.of(), ALWAYS, text("one")));
    assertReason(
        Reason.NO_SUCH_BUCKET,
        () -> missing.put("k", Map.of(), new PutCondition.IfMatch("\"x\""), text("one")));
  }
}
