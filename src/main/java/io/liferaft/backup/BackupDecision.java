package io.liferaft.backup;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.objectstore.PutCondition;
import io.liferaft.raft.BackupRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a round does next: a pure function of a few facts, in two halves. {@link #due} costs nothing
 * and is taken first; {@link #of} is taken when the database has been copied and hashed.
 */
sealed interface BackupDecision {

  /** Taken before anything is copied. */
  sealed interface Due extends BackupDecision {}

  /** Taken with a copy at hand. */
  sealed interface Step extends BackupDecision {}

  record Skip(Reason reason) implements Due {}

  /** Ask the place what lies there. */
  record Look() implements Due {}

  /** Copy the database and hash it. */
  record Copy() implements Due {}

  /** What lies there is what we have: note it. */
  record RecordOnly(StoredBackup stored) implements Step {}

  /**
   * Write the copy there.
   *
   * @param vanished a recorded backup is not there any more
   */
  record Upload(PutCondition condition, boolean vanished) implements Step {}

  /**
   * Keep what lies there aside, then write the copy in its place.
   *
   * @param ours it is of this cluster and not somebody else's: of an earlier generation, or without
   *     a record in the log
   */
  record PreserveThenUpload(StoredBackup old, boolean ours) implements Step {}

  /** An empty database would replace a backup that holds data. */
  record Refuse(StoredBackup stored) implements Step {}

  /** Somebody else replaced the backup we know of: two live clusters share the place. */
  record Stop(StoredBackup foreign) implements Step {}

  /** Why nothing is done. */
  enum Reason {
    NOT_LEADER,
    /** Forming, or the restore has not ended. */
    NOT_READY,
    STOPPED,
    BACKING_OFF,
    NOTHING_WRITTEN,
    UNCHANGED,
    /** Refused before, and nothing has changed since. */
    REFUSED
  }

  /**
   * What this term has seen of the place.
   *
   * @param stored null when nothing was there
   */
  record Seen(@Nullable StoredBackup stored) {}

  /**
   * What is known without asking anybody.
   *
   * @param ready this node runs and the cluster's restore has ended
   * @param recorded the last backup of this place in the replicated state
   * @param seen null when this term has not looked yet
   * @param refused a backup of this generation and change index was refused in this term
   */
  record Facts(
      boolean leads,
      boolean ready,
      boolean stopped,
      Instant now,
      Instant notBefore,
      String generation,
      long changeIndex,
      @Nullable BackupRecord recorded,
      @Nullable Seen seen,
      boolean refused) {}

  /**
   * The database as copied.
   *
   * @param term of this leader
   * @param empty it holds no object
   */
  record Copied(
      String clusterId,
      String generation,
      long changeIndex,
      long term,
      String sha256,
      boolean empty) {}

  /** Decides without network and copy. */
  static Due due(Facts facts) {
    if (!facts.leads()) {
      return new Skip(Reason.NOT_LEADER);
    }
    if (!facts.ready()) {
      return new Skip(Reason.NOT_READY);
    }
    if (facts.stopped()) {
      return new Skip(Reason.STOPPED);
    }
    if (facts.now().isBefore(facts.notBefore())) {
      return new Skip(Reason.BACKING_OFF);
    }
    BackupRecord recorded = facts.recorded();
    if (recorded == null && facts.changeIndex() <= 0) {
      return new Skip(Reason.NOTHING_WRITTEN);
    }
    Seen seen = facts.seen();
    if (seen == null) {
      return new Look();
    }
    if (facts.refused()) {
      return new Skip(Reason.REFUSED);
    }
    boolean unchanged =
        recorded != null
            && recorded.generation().equals(facts.generation())
            && recorded.changeIndex() == facts.changeIndex()
            && isRecorded(seen.stored(), recorded);
    return unchanged ? new Skip(Reason.UNCHANGED) : new Copy();
  }

  /**
   * Decides what to do with a copy.
   *
   * @param stored what lies at the place; null for nothing
   * @param operatorAllows an operator has asked for a backup although uploads were stopped
   */
  static Step of(
      Copied copied,
      @Nullable BackupRecord recorded,
      @Nullable StoredBackup stored,
      boolean operatorAllows) {
    if (stored == null) {
      return new Upload(new PutCondition.IfAbsent(), recorded != null);
    }
    boolean known = isRecorded(stored, recorded);
    boolean current =
        known
            ? recorded != null && recorded.generation().equals(copied.generation())
            : writtenByUs(stored.manifest(), copied, copied.generation());
    if (current || fromBefore(stored.manifest(), copied, recorded)) {
      String sha256 = known && recorded != null ? recorded.sha256() : stored.manifest().sha256();
      if (copied.sha256().equals(sha256)) {
        return new RecordOnly(stored);
      }
    }
    boolean ours =
        current
            || known
            || (recorded != null && writtenByUs(stored.manifest(), copied, recorded.generation()));
    if (!ours && recorded != null && !operatorAllows) {
      return new Stop(stored);
    }
    if (copied.empty() && !stored.manifest().empty()) {
      return new Refuse(stored);
    }
    return current && (known || !isAhead(stored.manifest(), recorded))
        ? new Upload(new PutCondition.IfMatch(stored.etag()), false)
        : new PreserveThenUpload(stored, ours);
  }

  /**
   * Whether an object is of this cluster's life before its log: it was restored from another place,
   * and what lies here may be the same.
   */
  private static boolean fromBefore(
      BackupManifest manifest, Copied copied, @Nullable BackupRecord recorded) {
    return recorded == null && copied.clusterId().equals(manifest.clusterId());
  }

  /**
   * Whether an object that our log does not know holds more than the last one it knows. Our index
   * may have passed it on another way, after disks were set back: then it holds what we lack.
   */
  private static boolean isAhead(BackupManifest manifest, @Nullable BackupRecord recorded) {
    return recorded == null || manifest.changeIndex() > recorded.changeIndex();
  }

  private static boolean isRecorded(
      @Nullable StoredBackup stored, @Nullable BackupRecord recorded) {
    return stored != null && recorded != null && recorded.etag().equals(stored.etag());
  }

  /**
   * Whether an object we have no record of may be an upload of ours whose record was lost. A higher
   * term or change index than ours cannot be: it comes from a history that went another way.
   */
  private static boolean writtenByUs(BackupManifest manifest, Copied copied, String generation) {
    return copied.clusterId().equals(manifest.clusterId())
        && generation.equals(manifest.generation())
        && manifest.term() <= copied.term()
        && manifest.changeIndex() <= copied.changeIndex();
  }
}
