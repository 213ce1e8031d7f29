package io.liferaft.support;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.DatabaseSource;
import io.liferaft.archive.FetchProgress;
import io.liferaft.archive.PruneReport;
import io.liferaft.archive.RetentionPolicy;
import io.liferaft.archive.StoredBackup;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.objectstore.PutCondition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** One place in memory that keeps the contract of {@link BackupArchive}, and fails on demand. */
public final class FakeArchive implements BackupArchive {

  /** What may be asked of a place. */
  public enum Call {
    LATEST,
    WRITE,
    SWEEP,
    PRESERVE,
    FETCH,
    KEPT,
    MARKER,
    PRUNE
  }

  private static final int PART_BYTES = 64;

  private final String location;
  private final Map<Call, Integer> calls = new EnumMap<>(Call.class);
  private final Map<Call, Deque<RuntimeException>> failures = new EnumMap<>(Call.class);
  private final List<StoredBackup> preserved = new ArrayList<>();
  private @Nullable StoredBackup stored;
  private byte[] bytes = {};
  private @Nullable StoredBackup older;
  private byte[] olderBytes = {};
  private @Nullable String marker;
  private boolean directoryMissing;
  private boolean corrupt;
  private boolean conditional = true;
  private boolean many;
  private @Nullable String held;
  private int etags;
  private Runnable beforeVisible = () -> {};
  private Runnable duringPrune = () -> {};
  private PruneReport pruneReport = new PruneReport(false, 0, List.of(), List.of(), 0, false, null);
  private LongConsumer duringFetch = fetched -> {};

  public FakeArchive(String location) {
    this.location = location;
  }

  // --- what a test arranges ---

  /** Somebody else's hand: puts an object there, whatever was there before. */
  public synchronized StoredBackup place(BackupManifest manifest, byte[] database) {
    StoredBackup placed =
        new StoredBackup(
            manifest,
            "key",
            "etag-" + ++etags,
            null,
            database.length,
            Instant.parse("2026-01-01T00:00:00Z"));
    stored = placed;
    bytes = database.clone();
    return placed;
  }

  /** What is there when the newest is damaged. */
  public synchronized void placeOlder(BackupManifest manifest, byte[] database) {
    Instant time = Instant.parse("2025-01-01T00:00:00Z");
    older = new StoredBackup(manifest, "older", "etag-older", null, database.length, time);
    olderBytes = database.clone();
  }

  public synchronized void remove() {
    stored = null;
  }

  public synchronized void removeMarker() {
    marker = null;
  }

  /** The next call of this kind fails with this, once. */
  public synchronized void failNext(Call call, RuntimeException failure) {
    failures.computeIfAbsent(call, c -> new ArrayDeque<>()).add(failure);
  }

  public synchronized void failNext(Call call, Reason reason, int times) {
    for (int i = 0; i < times; i++) {
      failNext(call, new ObjectStoreException(reason, reason + " at " + location, null));
    }
  }

  public synchronized void directoryMissing(boolean missing) {
    directoryMissing = missing;
  }

  public synchronized void corrupt(boolean damaged) {
    corrupt = damaged;
  }

  /** A place that keeps earlier backups, and which of them with all older ones. */
  public synchronized void holdsMany(@Nullable String withOlder) {
    many = true;
    held = withOlder;
  }

  /** A store that takes no notice of the conditions of a put. */
  public synchronized void ignoreConditions() {
    conditional = false;
  }

  /** Runs when an upload's last byte has been written and nothing of it is visible yet. */
  public synchronized void beforeVisible(Runnable action) {
    beforeVisible = action;
  }

  public synchronized void duringFetch(LongConsumer action) {
    duringFetch = action;
  }

  public synchronized void duringPrune(Runnable action) {
    duringPrune = action;
  }

  /** What every prune comes to. */
  public synchronized void pruneReport(PruneReport report) {
    pruneReport = report;
  }

  // --- what a test asks ---

  public synchronized int calls(Call call) {
    return calls.getOrDefault(call, 0);
  }

  public synchronized int calls() {
    return calls.values().stream().mapToInt(Integer::intValue).sum();
  }

  public synchronized Optional<StoredBackup> stored() {
    return Optional.ofNullable(stored);
  }

  public synchronized byte[] bytes() {
    return bytes.clone();
  }

  public synchronized List<StoredBackup> preserved() {
    return List.copyOf(preserved);
  }

  public synchronized Optional<String> marker() {
    return Optional.ofNullable(marker);
  }

  // --- the contract ---

  private synchronized void called(Call call) {
    calls.merge(call, 1, Integer::sum);
    Deque<RuntimeException> next = failures.get(call);
    RuntimeException failure = next == null ? null : next.poll();
    if (failure != null) {
      throw failure;
    }
    if (directoryMissing) {
      throw new ObjectStoreException(Reason.NO_SUCH_BUCKET, "no directory at " + location, null);
    }
  }

  @Override
  public String location() {
    return location;
  }

  @Override
  public String address() {
    return address(location);
  }

  /** This test process works in /here. */
  static String address(String location) {
    return location.replace("file:./", "file:/here/");
  }

  @Override
  public String fingerprint() {
    return "fingerprint of " + address();
  }

  @Override
  public Optional<StoredBackup> latest() {
    called(Call.LATEST);
    return stored();
  }

  @Override
  public synchronized Optional<StoredBackup> before(StoredBackup backup) {
    return backup.equals(older) ? Optional.empty() : Optional.ofNullable(older);
  }

  @Override
  public StoredBackup write(
      BackupManifest manifest, PutCondition condition, DatabaseSource database) {
    called(Call.WRITE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      database.writeTo(out);
      database.beforeVisible();
    } catch (IOException e) {
      throw new ObjectStoreException(Reason.UNAVAILABLE, "the put broke off", e);
    }
    if (!FakeDatabase.sha256(out.toByteArray()).equals(manifest.sha256())) {
      throw new ObjectStoreException(Reason.UNAVAILABLE, "the hash differs", null);
    }
    beforeVisible.run();
    synchronized (this) {
      StoredBackup there = stored;
      boolean holds =
          switch (condition) {
            case PutCondition.Always() -> true;
            case PutCondition.IfAbsent() -> there == null;
            case PutCondition.IfMatch(String etag) -> there != null && there.etag().equals(etag);
          };
      if (!holds && conditional) {
        throw new ObjectStoreException(Reason.PRECONDITION_FAILED, "412 at " + location, null);
      }
      return place(manifest, out.toByteArray());
    }
  }

  @Override
  public PruneReport prune(RetentionPolicy policy, Instant now, boolean dryRun) {
    called(Call.PRUNE);
    duringPrune.run();
    return pruneReport;
  }

  @Override
  public int sweep() {
    called(Call.SWEEP);
    return 0;
  }

  @Override
  public String preserve(StoredBackup backup) {
    called(Call.PRESERVE);
    synchronized (this) {
      preserved.add(backup);
    }
    return backup.key() + ".preserved";
  }

  @Override
  public synchronized boolean keepsEarlier() {
    return many;
  }

  @Override
  public synchronized String keepUpTo(StoredBackup backup) {
    if (many) {
      held = backup.key();
    }
    return many ? backup.key() + " and all older ones" : preserve(backup);
  }

  @Override
  public Optional<String> keptWithOlder() {
    called(Call.KEPT);
    synchronized (this) {
      return Optional.ofNullable(held);
    }
  }

  @Override
  public String fetch(StoredBackup backup, Path into, FetchProgress progress) {
    called(Call.FETCH);
    boolean newest = !backup.key().equals("older");
    byte[] from = newest ? bytes() : olderBytes;
    Path part = into.resolveSibling(into.getFileName() + ".part");
    try {
      int done = Files.exists(part) ? (int) Files.size(part) : 0;
      while (done < from.length) {
        int length = Math.min(PART_BYTES, from.length - done);
        Files.write(
            part,
            java.util.Arrays.copyOfRange(from, done, done + length),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
        done += length;
        duringFetch.accept(done);
        if (Thread.interrupted()) {
          throw new ObjectStoreException(Reason.UNAVAILABLE, "interrupted", null);
        }
        progress.fetched(done);
        if (many) {
          progress.verified(part, done);
        }
      }
      if (corrupt && newest) {
        Files.delete(part);
        throw new CorruptBackupException(location + " has another hash than it should", null);
      }
      Files.move(part, into, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return FakeDatabase.sha256(from);
  }

  @Override
  public Optional<String> lineageMarker() {
    called(Call.MARKER);
    return marker();
  }

  @Override
  public synchronized void writeLineageMarker(String clusterId) {
    marker = clusterId;
    directoryMissing = false;
  }
}
