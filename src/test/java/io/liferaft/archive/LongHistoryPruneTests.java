package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.liferaft.archive.RequestFaults.Way;
import io.liferaft.objectstore.ObjectInfo;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.ObjectWriter;
import io.liferaft.objectstore.PutCondition;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A backup every ten seconds, for more than a day. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("LongHistoryPruneTests")
class LongHistoryPruneTests {

  private static final int COUNT = 10_000;
  private static final int FAMILY = 40;
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant NOW = START.plusSeconds(10L * COUNT);
  private static final RetentionPolicy POLICY =
      new RetentionPolicy(Duration.ofHours(24), 48, 31, 8, 12, 10);

  private final Objects objects = new Objects();
  private final RequestFaults store = new RequestFaults(objects);
  private final ManifestStore manifests = new ManifestStore(store, "", 3, EncryptionKeys.NONE);
  private final ArchivePruner pruner = pruner();

  /** Nanoseconds that each look at the clock takes. */
  private long step;

  private long nanos;

  private ArchivePruner pruner() {
    return new ArchivePruner(
        store, manifests, new Pins(store, "", manifests), "s3://bucket/", () -> nanos += step);
  }

  @BeforeEach
  void write() {
    BackupId newest = null;
    String base = "";
    String full = "";
    for (int n = 0; n < COUNT; n++) {
      Instant time = START.plusSeconds(10L * n);
      String random = HexFormat.of().toHexDigits(n * 31);
      boolean whole = n % FAMILY == 0;
      newest = new BackupId(1, "aaaaaaaa", 1, n, time, random, whole ? null : base);
      if (whole) {
        base = random;
        full = newest.fileName();
      }
      String json =
          "{\"format\":1,\"backup\":\"%s\",\"members\":[\"a\"],\"packs\":[{\"pack\":\"%s\",\"bytes\":7}],\"chunks\":["
              .formatted(newest.name(), full);
      objects.add(
          manifests.manifestKey(newest),
          Zstd.compress(json.getBytes(StandardCharsets.UTF_8)),
          time);
      objects.add(manifests.packKey(newest.fileName()), new byte[7], time);
    }
    BackupManifest head =
        new BackupManifest(
            "cluster", "aaaaaaaa", 1, COUNT, null, 1, false, List.of(), null, null, NOW);
    if (newest != null) {
      objects.add("latest.json", new Pointer(newest, head, "", 7, true, null).encode(), NOW);
    }
  }

  @Test
  void asksForFewThings() {
    PruneReport plan = pruner.prune(POLICY, NOW, true);

    assertThat(plan.problem()).isNull();
    assertThat(plan.kept()).isBetween(8640, 8700);
    assertThat(plan.backups()).hasSize(COUNT - plan.kept());
    assertThat(plan.packs()).hasSizeBetween(1000, plan.backups().size());
    assertThat(store.asked().lines().filter(line -> line.startsWith("LIST"))).hasSize(3);
    assertThat(store.requests()).isBetween(200, 300);

    store.fail(0, Way.BEFORE);
    assertThat(pruner.prune(POLICY, NOW, true)).isEqualTo(plan);
    assertThat(store.requests()).as("what it has read once it knows").isEqualTo(5);
  }

  @Test
  void deletesSomeHundredsAtATimeAndEverythingInTheEnd() {
    PruneReport plan = pruner.prune(POLICY, NOW, true);
    int backups = 0;
    int packs = 0;
    int runs = 0;
    PruneReport report;
    do {
      report = pruner.prune(POLICY, NOW, false);
      assertThat(report.backups().size() + report.packs().size())
          .isLessThanOrEqualTo(ArchivePruner.MOST_DELETED);
      backups += report.backups().size();
      packs += report.packs().size();
      runs++;
    } while (report.more());

    assertThat(backups).isEqualTo(plan.backups().size());
    assertThat(packs).isEqualTo(plan.packs().size());
    assertThat(runs).isEqualTo((backups + packs + 499) / 500);
    assertThat(manifests.ids()).hasSize(plan.kept());
  }

  @Test
  void endsWhenItIsInterrupted() {
    objects.onDelete(count -> {
      if (count == 3) {
        Thread.currentThread().interrupt();
      }
    });

    PruneReport report = pruner.prune(POLICY, NOW, false);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(report.backups()).hasSize(3);
    assertThat(report.more()).isTrue();
    assertThat(report.problem()).isNull();
  }

  @Test
  void readsNoLongerThanItMayAndGoesOnTheNextTime() {
    PruneReport plan = pruner().prune(POLICY, NOW, true);
    step = ArchivePruner.MOST_READING.toNanos() / 20;
    ArchivePruner slow = pruner();

    PruneReport first = slow.prune(POLICY, NOW, true);
    assertThat(first.more()).isTrue();
    assertThat(first.problem()).isNull();
    assertThat(first.packs()).isEmpty();
    assertThat(first.backups()).isEqualTo(plan.backups());
    int rounds = 1;
    PruneReport report;
    do {
      report = slow.prune(POLICY, NOW, true);
      rounds++;
    } while (report.more());
    assertThat(rounds).isBetween(5, 20);
    assertThat(report).isEqualTo(plan);
  }

  @Test
  void saysWhenSomethingCannotBeDeleted() {
    objects.onDelete(count -> {
      if (count == 5) {
        throw new ObjectStoreException(Reason.ACCESS_DENIED, "denied", null);
      }
    });

    PruneReport report = pruner.prune(POLICY, NOW, false);

    assertThat(report.backups()).hasSize(4);
    assertThat(report.more()).isTrue();
    assertThat(report.problem()).contains("broke off", "denied");
  }

  /** As much of a store as a prune asks for. */
  private static final class Objects implements ObjectStore {

    private final TreeMap<String, ObjectInfo> infos = new TreeMap<>();
    private final Map<String, byte[]> contents = new TreeMap<>();
    private java.util.function.IntConsumer onDelete = _ -> {};
    private int deleted;

    void add(String key, byte[] content, Instant time) {
      infos.put(key, new ObjectInfo(key, content.length, "etag", null, time, Map.of()));
      contents.put(key, content);
    }

    void onDelete(java.util.function.IntConsumer action) {
      onDelete = action;
    }

    @Override
    public String location() {
      return "s3://bucket";
    }

    @Override
    public Optional<ObjectInfo> head(String key) {
      return Optional.ofNullable(infos.get(key));
    }

    @Override
    public InputStream get(String key, long offset, @Nullable String etag) {
      return new ByteArrayInputStream(contents.getOrDefault(key, new byte[0]));
    }

    @Override
    public InputStream getRange(String key, long offset, long bytes) {
      throw new UnsupportedOperationException(key);
    }

    @Override
    public ObjectInfo put(
        String key, Map<String, String> metadata, PutCondition condition, ObjectWriter writer) {
      throw new UnsupportedOperationException(key);
    }

    @Override
    public ObjectInfo copy(String fromKey, String toKey) {
      throw new UnsupportedOperationException(toKey);
    }

    @Override
    public List<ObjectInfo> list(String prefix) {
      return List.copyOf(infos.subMap(prefix, prefix + Character.MAX_VALUE).values());
    }

    @Override
    public int abortUploads(String prefix, Predicate<String> keys) {
      return 0;
    }

    @Override
    public void delete(String key) {
      onDelete.accept(++deleted);
      infos.remove(key);
      contents.remove(key);
    }
  }
}
