package io.liferaft.restore;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RestoreRecord;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the restore does next: pure functions of a few facts. {@link #of} needs no network; {@link
 * #found} follows the store's answer; {@link #failed} follows a failure.
 */
sealed interface RestoreDecision {

  /** Taken without any network. */
  sealed interface Next extends RestoreDecision {}

  /** Taken when the store has answered. */
  sealed interface Found extends RestoreDecision {}

  /** Taken when an attempt has failed. */
  sealed interface AfterFailure extends RestoreDecision {}

  /** Over for ever. */
  record Finished(String outcome) implements Next {}

  record Wait(String reason) implements Next {}

  record Follow(String leaderId) implements Next {}

  record BackOff(Instant until) implements Next {}

  /** There is nothing to restore from: the cluster starts empty. */
  record EndDisabled() implements Next {}

  /**
   * Ask the store, then go on with what it answers.
   *
   * @param begun an attempt has begun, so there was a backup
   * @param other where to ask as well when nothing is there; null for nowhere
   */
  record Look(String source, boolean begun, @Nullable String other) implements Next {}

  record EndNothingThere() implements Found {}

  /** Nothing is there, which is no answer yet: another place has to be asked. */
  record LookAlso(String source) implements Found {}

  /** It was there when the restore began. */
  record Vanished() implements Found {}

  record Restore(StoredBackup backup) implements Found {}

  record Retry() implements AfterFailure {}

  /** Another node may reach the source, or read it. */
  record HandOn() implements AfterFailure {}

  record StartEmpty() implements AfterFailure {}

  /**
   * What is known without asking anybody.
   *
   * @param databaseEmpty as applied on this node
   * @param leaderId null when none is known
   * @param readyLeader this node leads and has applied every entry of earlier terms
   * @param source of this node's settings; null when restore is off
   * @param second the second place that backups go to; null when there is none, or the source is
   *     set and no backup target
   * @param begunAt which of these an attempt has begun from; null when none has begun
   * @param tried what this leadership has come to with the two
   * @param next when the next attempt may be made
   */
  record Facts(
      RestoreRecord record,
      long changeIndex,
      boolean databaseEmpty,
      NodeStatus.Phase phase,
      boolean formed,
      @Nullable String leaderId,
      boolean leads,
      boolean readyLeader,
      @Nullable String source,
      @Nullable String second,
      @Nullable Place begunAt,
      Tried tried,
      Instant now,
      Instant next) {}

  /** One of the places that a backup may come from, as this node's settings have them. */
  enum Place {
    FIRST,
    SECOND,
    ELSEWHERE
  }

  /**
   * What a leadership has come to with two places.
   *
   * @param firstFailures failures of the first in a row
   * @param secondLast the last failure was the second's
   * @param secondAsked the second was asked at least once
   */
  record Tried(int firstFailures, boolean secondLast, boolean secondAsked) {

    static final Tried NOTHING = new Tried(0, false, false);

    /** A place has failed, or this node has. */
    Tried failed(Fault fault, Place at) {
      if (!fault.ofPlace()) {
        return new Tried(0, false, secondAsked || at == Place.SECOND);
      }
      return switch (at) {
        case FIRST -> new Tried(firstFailures + 1, false, secondAsked);
        case SECOND -> new Tried(firstFailures, true, true);
        case ELSEWHERE -> this;
      };
    }

    /** A place has answered that it holds nothing. */
    Tried empty(Place at) {
      return switch (at) {
        case FIRST -> new Tried(0, secondLast, secondAsked);
        case SECOND -> new Tried(firstFailures, secondLast, true);
        case ELSEWHERE -> this;
      };
    }

    /** Whether the second's turn has come: never before the first has failed persistently. */
    boolean secondsTurn() {
      return firstFailures >= ATTEMPTS_BEFORE_GIVING_UP && !secondLast;
    }
  }

  /** Whose fault a failure is. */
  enum Fault {
    /** The store refuses, is away or is slow. */
    STORE,
    /** What is stored cannot be used. */
    BACKUP,
    /** This node lacks what another may have: a key, room on its disk. */
    NODE,
    /** A node of the backup's cluster is alive. */
    OTHER;

    /** Whether the place it was asked of has failed, by its store or by what is stored. */
    boolean ofPlace() {
      return this == STORE || this == BACKUP;
    }
  }

  /**
   * Failures of the store or the backup after which the policy start-empty applies, and of the
   * first place after which the second is tried.
   */
  int ATTEMPTS_BEFORE_GIVING_UP = 3;

  /**
   * Failures of a leader in a row, of half a minute or so, after which it lets another node try: it
   * may have the key, the room or the way to the store that this one lacks.
   */
  int ATTEMPTS_BEFORE_HANDING_ON = 6;

  /** How it ended, as the replicated state alone tells it; null when it has not. */
  static @Nullable String outcome(RestoreRecord record, long changeIndex) {
    if (record instanceof RestoreRecord.Ended(RestoreRecord.Outcome outcome, _)) {
      return word(outcome);
    }
    return changeIndex > 0 ? "skipped" : null;
  }

  /** Decides without network. */
  static Next of(Facts facts) {
    String outcome = outcome(facts.record(), facts.changeIndex());
    if (outcome != null) {
      return new Finished(outcome);
    }
    if (facts.phase() != NodeStatus.Phase.RUNNING) {
      return new Wait("this node is " + facts.phase().name().toLowerCase(Locale.ROOT));
    }
    if (!facts.databaseEmpty()) {
      // Between the switch of the file and of the state that goes with it, which says how it ended.
      return new Wait("this node is taking a database over");
    }
    if (!facts.leads()) {
      return facts.leaderId() == null
          ? new Wait("no leader is known")
          : new Follow(facts.leaderId());
    }
    if (!facts.readyLeader()) {
      return new Wait("this node leads and has not applied its log yet");
    }
    if (!facts.formed()) {
      return new Wait("a majority of the initial cluster has not joined yet");
    }
    if (facts.now().isBefore(facts.next())) {
      return new BackOff(facts.next());
    }
    String first = facts.source();
    String second = facts.second();
    if (facts.record() instanceof RestoreRecord.Begun(_, String source)
        && (first == null || second == null || facts.begunAt() == Place.ELSEWHERE)) {
      return new Look(source, true, null);
    }
    if (first == null) {
      return new EndDisabled();
    }
    return second == null ? new Look(first, false, null) : ofTwo(facts, first, second);
  }

  /**
   * The first place, or, when that keeps failing, the second and the first by turns. An attempt
   * that another leader began from either says only that there was a backup: it begins with the
   * first here, too.
   */
  private static Look ofTwo(Facts facts, String first, String second) {
    boolean begun = facts.begunAt() != null;
    return facts.tried().secondsTurn()
        ? new Look(second, begun, facts.begunAt() == Place.SECOND ? null : first)
        : new Look(first, begun, facts.begunAt() == Place.FIRST ? null : second);
  }

  /**
   * Decides on the store's answer.
   *
   * @param backup null when the store answered that nothing is there
   * @param other another place that has to be asked then; null for none
   */
  static Found found(boolean begun, @Nullable StoredBackup backup, @Nullable String other) {
    if (backup != null) {
      return new Restore(backup);
    }
    if (other != null) {
      return new LookAlso(other);
    }
    return begun ? new Vanished() : new EndNothingThere();
  }

  /**
   * Whether one backup is a later one than another of the same cluster: by the log, and from one
   * generation to the next by the time of its making.
   */
  static boolean isNewer(StoredBackup one, StoredBackup other) {
    BackupManifest a = one.manifest();
    BackupManifest b = other.manifest();
    if (a.clusterId() == null || !a.clusterId().equals(b.clusterId())) {
      return false;
    }
    boolean oneHistory = a.generation() != null && a.generation().equals(b.generation());
    return oneHistory ? a.changeIndex() > b.changeIndex() : made(one).isAfter(made(other));
  }

  private static Instant made(StoredBackup backup) {
    Instant created = backup.manifest().created();
    return created == null ? backup.stored() : created;
  }

  /**
   * Decides after a failure.
   *
   * @param attempts failures of this leader so far, of any kind, this one included
   * @param storeFailures those of the store or the backup in a row
   * @param othersSource the restore began with another source than this node's settings name
   * @param members voters of the cluster
   * @param secondUnasked there is a second place that might answer, and it was not asked yet
   */
  static AfterFailure failed(
      Fault fault,
      int attempts,
      int storeFailures,
      RestoreProperties.OnFailure policy,
      boolean othersSource,
      int members,
      boolean secondUnasked) {
    boolean persists =
        fault.ofPlace() && storeFailures >= ATTEMPTS_BEFORE_GIVING_UP && !secondUnasked;
    if (members > 1 && persists && fault == Fault.STORE && othersSource) {
      return new HandOn();
    }
    if (persists && policy == RestoreProperties.OnFailure.START_EMPTY) {
      return new StartEmpty();
    }
    // A node of old that this one reaches, and what is damaged, are the same for all.
    boolean own = fault == Fault.STORE || fault == Fault.NODE;
    return members > 1 && own && attempts >= ATTEMPTS_BEFORE_HANDING_ON
        ? new HandOn()
        : new Retry();
  }

  /** An outcome as the endpoint and the logs tell it. */
  static String word(RestoreRecord.Outcome outcome) {
    return outcome.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
