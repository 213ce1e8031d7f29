package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import io.liferaft.backup.BackupDecision.Copy;
import io.liferaft.backup.BackupDecision.Facts;
import io.liferaft.backup.BackupDecision.Look;
import io.liferaft.backup.BackupDecision.PreserveThenUpload;
import io.liferaft.backup.BackupDecision.Reason;
import io.liferaft.backup.BackupDecision.RecordOnly;
import io.liferaft.backup.BackupDecision.Refuse;
import io.liferaft.backup.BackupDecision.Skip;
import io.liferaft.backup.BackupDecision.Stop;
import io.liferaft.backup.BackupDecision.Upload;
import io.liferaft.backup.BackupOutcome.Result;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One round after the other: gathers the facts, asks {@link BackupDecision}, carries out, and keeps
 * what a term has seen of the place. For one thread at a time.
 */
final class BackupRun {

  private static final Logger log = LoggerFactory.getLogger(BackupRun.class);

  /** How often a round may start over because the place or the copy changed under it. */
  private static final int PASSES = 6;

  private final BackupArchive archive;
  private final RaftNode node;
  private final Clock clock;
  private final CopySource copies;
  private final TargetRole role;
  private final BackupMetrics metrics;
  private final SharedDirectory directory;
  private final BackupRecords records;

  private final SoundnessCheck soundness;
  private final SuddenLoss loss;
  private final PlaceSeen place = new PlaceSeen();

  private @Nullable String refused;
  private @Nullable String preservedEtag;
  private @Nullable String attempted;
  private boolean leftovers = true;
  private boolean operatorAllows;
  private boolean inOrder;
  private boolean looked;
  private volatile @Nullable String stopped;

  BackupRun(
      TargetRole role,
      BackupArchive archive,
      RaftNode node,
      Clock clock,
      BackupMetrics metrics,
      CopySource copies) {
    this.role = role;
    this.copies = copies;
    this.archive = archive;
    this.node = node;
    this.clock = clock;
    this.metrics = metrics;
    this.directory = new SharedDirectory(archive);
    this.records = new BackupRecords(archive, node, clock);
    this.soundness = new SoundnessCheck(node, clock, archive.keepsEarlier());
    this.loss = new SuddenLoss(archive, metrics);
  }

  /** Why uploads are stopped until an operator decides; null when they are not. */
  @Nullable String stopped() {
    return stopped;
  }

  /** What is kept because most of the database was gone; null for nothing. */
  @Nullable String loss() {
    return loss.told();
  }

  /** Whether the last round had nothing to do because the backup is as it should be. */
  boolean inOrder() {
    return inOrder;
  }

  /** The next backup holds everything written before the call. */
  void forgetKept() {
    copies.forgetKept(archive.fingerprint());
  }

  /**
   * An operator asks: what was stopped or refused is tried again, the place is looked at anew, the
   * next backup holds everything.
   */
  void allow() {
    forgetKept();
    operatorAllows = stopped != null;
    stopped = null;
    refused = null;
    place.forget();
  }

  /**
   * Runs one round.
   *
   * @param leaderTerm the term in which this node is the ready leader; null when it is not
   * @param notBefore the end of the back-off
   */
  BackupOutcome round(@Nullable Long leaderTerm, Instant notBefore) throws IOException {
    inOrder = false;
    looked = false;
    if (leaderTerm != null && place.enter(leaderTerm)) {
      refused = null;
      leftovers = true;
    }
    if (leaderTerm != null) {
      metrics.checking();
      if (ready(node.status(), node.state())) {
        loss.look(leaderTerm, clock.instant());
      }
    }
    for (int pass = 0; pass < PASSES; pass++) {
      switch (BackupDecision.due(facts(leaderTerm != null, notBefore))) {
        case Skip(Reason reason) -> {
          return skipped(reason);
        }
        case Look() -> look();
        case Copy() -> {
          BackupOutcome outcome = copy();
          if (outcome != null) {
            return outcome;
          }
        }
      }
    }
    throw new IOException(
        "the database or the object at "
            + archive.location()
            + " changed "
            + PASSES
            + " times while a backup was made");
  }

  private Facts facts(boolean leads, Instant notBefore) {
    NodeStatus status = node.status();
    ReplicatedState state = node.state();
    Instant now = clock.instant();
    place.refresh(now);
    return new Facts(
        leads && status.leads(),
        ready(status, state),
        stopped != null,
        now,
        notBefore,
        state.generation(),
        state.changeIndex(),
        state.backups().get(archive.fingerprint()),
        place.seen(),
        position(state).equals(refused));
  }

  /** The first client write counts as the restore's end. */
  static boolean ready(NodeStatus status, ReplicatedState state) {
    return status.phase() == NodeStatus.Phase.RUNNING
        && (state.restore() instanceof RestoreRecord.Ended || state.changeIndex() > 0);
  }

  private static String position(ReplicatedState state) {
    return state.generation() + "@" + state.changeIndex();
  }

  private void look() {
    long voters = SharedDirectory.voters(node.status());
    directory.check(recorded(node.state()), voters);
    try {
      place.saw(archive.latest().orElse(null));
    } catch (ObjectStoreException e) {
      if (!directory.maybeMade(voters, e)) {
        metrics.lookFailed();
        throw e;
      }
      place.saw(null);
    }
    looked = true;
  }

  private @Nullable BackupRecord recorded(ReplicatedState state) {
    return state.backups().get(archive.fingerprint());
  }

  /**
   * @return null when the round has to start over
   */
  private @Nullable BackupOutcome copy() throws IOException {
    Instant started = clock.instant();
    metrics.copying();
    ConfirmedCopy confirmed = null;
    try (ClusterCopy copy = copies.take(archive.fingerprint())) {
      confirmed = new ConfirmedCopy(copy.file(), node, place.term());
      return carryOut(copy.state(), confirmed, CopyDigest.of(confirmed, archive), started);
    } catch (RequestRefusedException e) {
      log.debug("The database was replaced while a backup of it was made", e);
      return null;
    } catch (ObjectStoreException e) {
      // Whatever went wrong, a request that was cut off may have taken effect: look before the
      // next.
      place.forget();
      if (e.reason() != ObjectStoreException.Reason.PRECONDITION_FAILED) {
        throw e;
      }
      log.info("Somebody else wrote to {} meanwhile", archive.location());
      return null;
    } catch (SqliteException | IOException e) {
      if (confirmed != null && confirmed.leadershipLost()) {
        throw new LeadershipLost();
      }
      metrics.copyFailed();
      if (e instanceof SqliteException.CopyRevoked
          || (confirmed != null && confirmed.copyRevoked())) {
        log.debug("The copy for a backup was given up and is taken again", e);
        return null;
      }
      throw e;
    }
  }

  private @Nullable BackupOutcome carryOut(
      ReplicatedState state, ConfirmedCopy copy, CopyDigest digest, Instant started) {
    Copied copied =
        new Copied(
            state.clusterId(),
            state.generation(),
            state.changeIndex(),
            place.term(),
            digest.sha256(),
            digest.empty());
    BackupDecision.Seen seen = place.seen();
    StoredBackup there = seen == null ? null : seen.stored();
    return switch (BackupDecision.of(copied, recorded(state), there, operatorAllows)) {
      case RecordOnly(StoredBackup stored) -> {
        node.recordBackup(records.of(copied, digest, stored));
        metrics.recognised();
        yield new BackupOutcome(
            Result.RECORDED, "The backup holds the database as of index " + copied.changeIndex());
      }
      case Upload(PutCondition condition, boolean vanished) -> {
        if (vanished) {
          log.warn("The backup at {} has vanished and is uploaded again", archive.location());
        }
        soundness.require(digest.sizeBytes(), copied.generation());
        loss.keep(there, copied, digest);
        yield upload(copy, copied, digest, condition, started);
      }
      case PreserveThenUpload(StoredBackup old, boolean ours) -> {
        soundness.require(digest.sizeBytes(), copied.generation());
        loss.keep(old, copied, digest);
        // What an archive keeps of a cluster's own history is for the retention to say.
        boolean kept = ours && (archive.keepsEarlier() || attempted(old, copied));
        if (!kept) {
          preserve(old, ours);
        }
        yield upload(copy, copied, digest, new PutCondition.IfMatch(old.etag()), started);
      }
      case Refuse(StoredBackup stored) -> refuse(state, stored);
      case Stop(StoredBackup foreign) -> stop(foreign);
    };
  }

  /** Whether it is what this run wrote without hearing that it had succeeded. */
  private boolean attempted(StoredBackup old, Copied copied) {
    return attempted != null
        && attempted.equals(old.manifest().sha256())
        && copied.generation().equals(old.manifest().generation());
  }

  private void preserve(StoredBackup old, boolean ours) {
    if (old.etag().equals(preservedEtag)) {
      return;
    }
    if (!node.confirmLeadership()) {
      throw new LeadershipLost();
    }
    String key = archive.preserve(old);
    preservedEtag = old.etag();
    if (archive.keepsEarlier()) {
      log.warn(
          "The newest backup at {} is not in this cluster's log (its cluster is {}). A newer one comes"
              + " beside it, and it stays, pinned, until you let it go: {}",
          archive.location(),
          BackupSentences.known(old.manifest().clusterId()),
          archive.idOf(old).orElse(key));
    } else if (key.equals(old.key())) {
      log.info("{} at {} stays, and a newer backup comes beside it", key, archive.location());
    } else if (ours || node.state().clusterId().equals(old.manifest().clusterId())) {
      log.info(
          "The backup at {} holds an earlier generation of this database, or is not recorded in the log, and is kept as {}",
          archive.location(),
          key);
    } else {
      log.warn(
          "The object at {} was not written by this cluster (its cluster is {}); it is kept as {}"
              + " and replaced",
          archive.location(),
          BackupSentences.known(old.manifest().clusterId()),
          key);
    }
  }

  private @Nullable BackupOutcome upload(
      ConfirmedCopy copy,
      Copied copied,
      CopyDigest digest,
      PutCondition condition,
      Instant started) {
    directory.mark(
        copied.clusterId(), recorded(node.state()), SharedDirectory.voters(node.status()));
    StoredBackup stored;
    attempted = digest.sha256();
    try {
      stored = archive.write(records.manifest(copied, digest), condition, copy);
    } catch (RuntimeException e) {
      if (copy.leadershipLost()) {
        throw new LeadershipLost();
      }
      if (copy.copyRevoked()) {
        metrics.copyFailed();
        return null;
      }
      place.forget();
      leftovers = true;
      throw e;
    }
    place.saw(stored);
    loss.made(digest);
    operatorAllows = false;
    node.recordBackup(records.of(copied, digest, stored));
    Duration took = Duration.between(started, clock.instant());
    metrics.uploaded(took, stored.addedBytes());
    if (!place.uploaded()) {
      place.lookAgain(clock.instant());
    }
    sweep();
    return new BackupOutcome(
        Result.OK,
        "Backup of index %d complete: %d bytes, stored as %d, in %d ms"
            .formatted(
                copied.changeIndex(), digest.sizeBytes(), stored.addedBytes(), took.toMillis()));
  }

  /** A leader may have been killed in the middle of an upload, and nobody else cleans up. */
  private void sweep() {
    if (!leftovers) {
      return;
    }
    leftovers = false;
    try {
      int swept = archive.sweep();
      if (swept > 0) {
        log.info("Removed {} unfinished uploads to {}", swept, archive.location());
      }
    } catch (ObjectStoreException e) {
      log.info("Unfinished uploads are left as they are: {}", e.getMessage());
    }
  }

  private BackupOutcome refuse(ReplicatedState state, StoredBackup stored) {
    refused = position(state);
    return new BackupOutcome(
        Result.REFUSED, BackupSentences.refused(role, archive.location(), stored));
  }

  private BackupOutcome stop(StoredBackup foreign) {
    String why =
        BackupSentences.stopped(role, archive.location(), foreign, node.state().clusterId());
    stopped = why;
    return new BackupOutcome(Result.STOPPED, why);
  }

  private BackupOutcome skipped(Reason reason) {
    inOrder = reason == Reason.UNCHANGED || reason == Reason.NOTHING_WRITTEN;
    if (inOrder) {
      // Looking again at what this very term has written recognises nothing.
      if (looked && !place.uploaded()) {
        metrics.recognised();
      } else {
        metrics.unchanged();
      }
    }
    return new BackupOutcome(Result.SKIPPED, BackupSentences.skipped(reason));
  }
}
