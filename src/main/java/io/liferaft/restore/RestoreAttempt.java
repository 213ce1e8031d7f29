package io.liferaft.restore;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.FetchProgress;
import io.liferaft.archive.RestorePoint;
import io.liferaft.archive.StoredBackup;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.LoadSource;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreDecision.EndNothingThere;
import io.liferaft.restore.RestoreDecision.Fault;
import io.liferaft.restore.RestoreDecision.LookAlso;
import io.liferaft.restore.RestoreDecision.Restore;
import io.liferaft.restore.RestoreDecision.Vanished;
import io.liferaft.restore.RestoreSearch.Elsewhere;
import io.liferaft.restore.Restored.PassedOver;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt of the ready leader of an empty cluster, from looking to loading. */
final class RestoreAttempt {

  private static final Logger log = LoggerFactory.getLogger(RestoreAttempt.class);

  private final BackupArchives archives;
  private final RestorePoint point;
  private final RaftNode node;
  private final Clock clock;
  private final DatabaseCheck check;
  private final RestoreFolder folder;
  private final List<String> backupTargets;
  private final Consumer<RestoreState> states;
  private final BooleanSupplier leading;
  private final FormerMembers formerMembers;
  private final RestoreCounts counts = new RestoreCounts();

  /** What has been passed over, to be told once and not with each attempt. */
  private final Set<String> told = new HashSet<>();

  private volatile @Nullable Restored restored;

  /**
   * @param point which backup of an archive
   * @param backupTargets where this node's backups go; empty for nowhere
   * @param states told each state
   * @param leading whether this node still leads
   */
  RestoreAttempt(
      BackupArchives archives,
      RestorePoint point,
      RaftNode node,
      Clock clock,
      DatabaseCheck check,
      RestoreFolder folder,
      List<String> backupTargets,
      Consumer<RestoreState> states,
      BooleanSupplier leading) {
    this.archives = archives;
    this.point = point;
    this.node = node;
    this.clock = clock;
    this.check = check;
    this.folder = folder;
    this.backupTargets = List.copyOf(backupTargets);
    this.states = states;
    this.leading = leading;
    this.formerMembers = new FormerMembers(node, this::checkLeading);
  }

  /** Checks a file as {@code SqliteStore.verify} does. */
  @FunctionalInterface
  interface DatabaseCheck {
    boolean isEmpty(Path file) throws IOException;
  }

  /** This node does not lead any more: somebody else goes on. */
  static final class LeadershipLost extends RuntimeException {
    LeadershipLost() {
      super("this node does not lead any more");
    }
  }

  /**
   * Runs the attempt. When this returns null the restore has ended.
   *
   * @return the place that has to be asked instead
   */
  @Nullable Elsewhere run(RestoreSearch search) throws IOException {
    BackupArchive archive = archives.open(search.source(), true);
    states.accept(new RestoreState.Looking(archive.location()));
    if (point instanceof RestorePoint.Latest) {
      log.info("Looking for a backup at {}", archive.location());
    } else {
      log.warn(
          "Looking for the backup of restore point {} at {}: what was backed up later is not"
              + " restored. Take liferaft.restore.point out of the settings when this is over",
          point,
          archive.location());
    }
    switch (RestoreDecision.found(
        search.begun(), latest(archive, search.begun()), search.other())) {
      case EndNothingThere() -> {
        log.info("There is no backup at {}: the cluster starts empty", archive.location());
        node.endRestore(RestoreRecord.Outcome.NOTHING_THERE);
      }
      case Vanished() ->
          throw new RestoreFailure(
              Fault.BACKUP,
              "VANISHED",
              "The backup at "
                  + archive.location()
                  + " was there when the restore began and is gone: bring it back",
              null);
      case LookAlso(String further) -> {
        log.info("There is no backup at {}: {} is asked as well", archive.location(), further);
        return new Elsewhere(further, null);
      }
      case Restore(StoredBackup backup) -> {
        String rival = search.rival();
        if (rival != null && holdsNewer(rival, backup)) {
          return new Elsewhere(rival, backup);
        }
        restore(archive, backup, search.than());
      }
    }
    return null;
  }

  /** What cannot be asked holds nothing up. */
  private boolean holdsNewer(String rival, StoredBackup than) {
    if (!(point instanceof RestorePoint.Latest)) {
      return false;
    }
    BackupArchive archive = archives.open(rival, true);
    try {
      return archive.find(point).filter(one -> RestoreDecision.isNewer(one, than)).isPresent();
    } catch (ObjectStoreException | CorruptBackupException e) {
      log.info("Whether {} holds a newer backup is not known: {}", rival, e.getMessage());
      return false;
    }
  }

  RestoreCounts counts() {
    return counts;
  }

  /** What this node has restored; null for nothing. */
  @Nullable Restored restored() {
    return restored;
  }

  /** Whether two addresses, each an address, name one place. */
  boolean samePlace(String one, String other) {
    return archives.open(one, true).address().equals(archives.open(other, true).address());
  }

  private @Nullable StoredBackup latest(BackupArchive archive, boolean begun) {
    try {
      StoredBackup found = archive.find(point).orElse(null);
      if (found == null && !(point instanceof RestorePoint.Latest)) {
        throw new ObjectStoreException(
            ObjectStoreException.Reason.CONFIGURATION,
            "%s holds no backup, and liferaft.restore.point is %s"
                .formatted(archive.location(), point),
            null);
      }
      return found;
    } catch (ObjectStoreException e) {
      // A lone node makes its directory with the first backup, so a missing one is an answer.
      boolean notMadeYet =
          !begun
              && e.reason() == ObjectStoreException.Reason.NO_SUCH_BUCKET
              && archive.location().startsWith("file:")
              && node.state().initialMembers().size() < 2;
      if (notMadeYet) {
        return null;
      }
      throw e;
    }
  }

  /**
   * The newest backup, or the next older one that is not damaged. Only the newest is recorded: what
   * was restored instead of it is backed up anew, so that the place's newest is a good one again.
   */
  private void restore(BackupArchive archive, StoredBackup newest, @Nullable StoredBackup than)
      throws IOException {
    formerMembers.ask(archive, newest.manifest());
    // Another node, or this one started elsewhere, goes on from there.
    long attempt = node.beginRestore(archive.address());
    RestoreFailure damage = null;
    List<PassedOver> passedOver = new ArrayList<>();
    StoredBackup backup = newest;
    @Nullable String sha256 = null;
    do {
      // What several backups share is fetched once.
      Path file = folder.fileFor(archive.address(), archive.keepsEarlier() ? "" : backup.etag());
      try {
        sha256 = bringAndLoad(archive, backup, attempt, file, damage == null);
      } catch (CorruptBackupException | SqliteException.InvalidDatabase e) {
        RestoreFailure failure = RestoreFailure.of(e, place(archive, backup));
        if (e instanceof CorruptBackupException corrupt) {
          archive.markDamaged(corrupt);
        }
        damage = damage == null ? failure : damage;
        passedOver.add(new PassedOver(name(archive, backup), backup.stored(), failure.sentence()));
        String damaged = archive.address() + ' ' + backup.key() + ' ' + backup.etag();
        backup = older(archive, backup, damage);
        if (than != null && !RestoreDecision.isNewer(backup, than)) {
          throw damage;
        }
        if (told.add(damaged)) {
          log.warn(
              "{}. The next older one is taken, {} of {}: what was written in between is not restored",
              failure.sentence(),
              backup.key(),
              backup.stored());
        }
        formerMembers.ask(archive, backup.manifest());
      }
    } while (sha256 == null);
    counts.restored.increment();
    log.info("Restored from {}", archive.location());
    restored =
        new Restored(
            archive.location(),
            archive.fingerprint(),
            name(archive, backup),
            backup.manifest().changeIndex(),
            backup.stored(),
            sha256,
            passedOver);
  }

  private static String name(BackupArchive archive, StoredBackup backup) {
    return archive.idOf(backup).orElse(backup.key());
  }

  /** Throws the damage when there is none. */
  private static StoredBackup older(
      BackupArchive archive, StoredBackup backup, RestoreFailure damage) {
    try {
      return archive.before(backup).orElseThrow(() -> damage);
    } catch (ObjectStoreException e) {
      damage.addSuppressed(e);
      throw damage;
    }
  }

  /** With the object where the place stands for many. */
  private static String place(BackupArchive archive, StoredBackup backup) {
    String name = backup.key().substring(backup.key().lastIndexOf('/') + 1);
    return archive.location().endsWith("/" + name)
        ? archive.location()
        : archive.location() + ", object " + backup.key();
  }

  private String download(
      BackupArchive archive, StoredBackup backup, Path file, FetchProgress progress)
      throws IOException {
    String source = archive.location();
    Instant since = clock.instant();
    long total = backup.storedBytes();
    String expected = backup.manifest().sha256();
    // What an archive holds is found again piece by piece.
    if (expected != null && !archive.keepsEarlier() && folder.holds(file, expected)) {
      log.info("The backup of {} from {} has been downloaded before", backup.stored(), source);
      return expected;
    }
    log.info("Downloading the backup of {} from {}: {} bytes", backup.stored(), source, total);
    states.accept(new RestoreState.Downloading(source, 0, total, since));
    Tenths tenths = new Tenths("Downloading the backup", total);
    try {
      String sha256 =
          archive.fetch(
              backup,
              file,
              new FetchProgress() {
                @Override
                public void fetched(long bytes) {
                  checkLeading();
                  states.accept(new RestoreState.Downloading(source, bytes, total, since));
                  tenths.reached(bytes);
                }

                @Override
                public void verified(Path part, long bytes) {
                  progress.verified(part, bytes);
                }
              });
      counts.downloaded.increment();
      counts.downloadedBytes.add(total);
      return sha256;
    } catch (LeadershipLost e) {
      throw e;
    } catch (RuntimeException e) {
      counts.downloadsFailed.increment();
      throw e;
    }
  }

  private void verify(BackupArchive archive, Path file) throws IOException {
    checkLeading();
    long bytes = Files.size(file);
    log.info("Verifying the database: {} bytes", bytes);
    states.accept(new RestoreState.Verifying(archive.location(), bytes));
    boolean empty;
    try {
      empty = check.isEmpty(file);
    } catch (RuntimeException e) {
      // What does not pass must not be taken for a finished download by the next attempt.
      folder.clear();
      throw e;
    }
    if (empty) {
      log.warn("The backup at {} is a database without any object", archive.location());
    }
  }

  /**
   * Downloads, verifies and loads. Where every piece has a hash, what has been downloaded enters
   * the log while the rest is on its way; the whole is verified before the commit in any case.
   *
   * @param newest whether the backup is the place's newest, to be recorded as such
   * @return the hash of the file, as the archive tells it
   */
  private String bringAndLoad(
      BackupArchive archive, StoredBackup backup, long attempt, Path file, boolean newest)
      throws IOException {
    long size = backup.manifest().sizeBytes();
    if (archive.keepsEarlier() && size >= 0) {
      try (Arrival arrival =
          Arrival.begin(size, progress -> bring(archive, backup, file, progress))) {
        load(archive, backup, attempt, arrival, arrival::isWhole, arrival::sha256, newest);
        return arrival.sha256();
      }
    }
    String sha256 = bring(archive, backup, file, _ -> {});
    load(archive, backup, attempt, LoadSource.of(file), () -> true, () -> sha256, newest);
    return sha256;
  }

  private String bring(
      BackupArchive archive, StoredBackup backup, Path file, FetchProgress progress)
      throws IOException {
    String sha256 = download(archive, backup, file, progress);
    verify(archive, file);
    return sha256;
  }

  private void load(
      BackupArchive archive,
      StoredBackup backup,
      long attempt,
      LoadSource source,
      BooleanSupplier whole,
      Supplier<String> sha256,
      boolean newest)
      throws IOException {
    checkLeading();
    String location = archive.location();
    Instant since = clock.instant();
    long total = source.sizeBytes();
    log.info("Loading the database through the log: {} bytes", total);
    if (whole.getAsBoolean()) {
      states.accept(new RestoreState.Loading(location, 0, total, since));
    }
    Tenths tenths = new Tenths("Loading the database", total);
    node.loadRestored(
        attempt,
        source,
        backup.manifest().clusterId(),
        () -> newest ? recorded(archive, backup, sha256.get(), total) : null,
        bytes -> {
          checkLeading();
          // Until then the download is what is waited for.
          if (whole.getAsBoolean()) {
            states.accept(new RestoreState.Loading(location, bytes, total, since));
          }
          tenths.reached(bytes);
        });
  }

  private @Nullable BackupRecord recorded(
      BackupArchive archive, StoredBackup backup, String sha256, long sizeBytes) {
    BackupRecord record = record(archive, backup, sha256, sizeBytes);
    if (record != null) {
      mark(archive, backup.manifest());
    }
    return record;
  }

  /**
   * From now on the cluster knows of a backup there, and a directory is known by its marker. One
   * that an older version or rqlite wrote to has none yet.
   */
  private void mark(BackupArchive archive, BackupManifest manifest) {
    if (!archive.location().startsWith("file:")) {
      return;
    }
    try {
      if (archive.lineageMarker().isEmpty()) {
        String lineage = manifest.clusterId();
        archive.writeLineageMarker(lineage == null ? node.state().clusterId() : lineage);
      }
    } catch (ObjectStoreException e) {
      // The data comes first; that no backup can be written there will be told by the backups.
      log.warn(
          "{} cannot be marked as the directory of this cluster's backups: {}",
          archive.location(),
          e.getMessage());
    }
  }

  /**
   * The record that keeps the restored backup from being uploaded again. Its term is 0: the term of
   * whoever wrote it means nothing in this cluster, and a high one would stand above our own.
   */
  private @Nullable BackupRecord record(
      BackupArchive archive, StoredBackup backup, String sha256, long sizeBytes) {
    boolean ours =
        backupTargets.stream()
            .map(target -> archives.open(target, true))
            .anyMatch(target ->
                target.fingerprint().equals(archive.fingerprint()) && target.covers(backup));
    if (!ours) {
      return null;
    }
    String generation = backup.manifest().generation();
    return new BackupRecord(
        archive.fingerprint(),
        generation == null ? "" : generation,
        backup.manifest().changeIndex(),
        sha256,
        sizeBytes,
        backup.etag(),
        backup.versionId(),
        0,
        backup.stored().toEpochMilli());
  }

  private void checkLeading() {
    if (!leading.getAsBoolean()) {
      throw new LeadershipLost();
    }
  }
}
