package io.liferaft.raft;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What every node knows besides the database, as of an applied entry. Immutable.
 *
 * @param clusterId lineage of the cluster, kept by a restore; empty before the first entry
 * @param generation one unbroken history of the database; a new one begins with a restore or load
 * @param changeIndex log index of the last entry that changed the database; 0 for none
 * @param appliedIndex log index of the last entry in this state
 * @param restore how far the restore is
 * @param backups last backup per destination fingerprint
 * @param initialMembers {@code id=raft-address} of the cluster as founded
 * @param formerGroups ids of the groups this cluster was in before {@code liferaftd recover}: given
 *     up for good, whatever disks of theirs may still turn up
 * @param changes whether row changes are captured, and how far they have been delivered
 * @param hold of client writes; null for none
 * @param verified what restore drills found, per destination fingerprint
 */
public record ReplicatedState(
    String clusterId,
    String generation,
    long changeIndex,
    long appliedIndex,
    RestoreRecord restore,
    Map<String, BackupRecord> backups,
    List<String> initialMembers,
    List<String> formerGroups,
    ChangesRecord changes,
    @Nullable WriteHold hold,
    Map<String, Verification> verified) {

  public ReplicatedState {
    backups = Map.copyOf(backups);
    initialMembers = List.copyOf(initialMembers);
    formerGroups = List.copyOf(formerGroups);
    verified = Map.copyOf(verified);
  }

  /** As of a cluster that was never recovered and captures nothing. */
  public ReplicatedState(
      String clusterId,
      String generation,
      long changeIndex,
      long appliedIndex,
      RestoreRecord restore,
      Map<String, BackupRecord> backups,
      List<String> initialMembers) {
    this(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        restore,
        backups,
        initialMembers,
        List.of(),
        ChangesRecord.NONE,
        null,
        Map.of());
  }

  ReplicatedState withApplied(long index) {
    return with(parts -> parts.appliedIndex = index);
  }

  ReplicatedState withChange(long index) {
    return with(parts -> parts.changeIndex = index);
  }

  ReplicatedState withRestore(RestoreRecord next) {
    return with(parts -> parts.restore = next);
  }

  ReplicatedState withBackup(BackupRecord backup) {
    Map<String, BackupRecord> next = new HashMap<>(backups);
    next.put(backup.destination(), backup);
    return with(parts -> parts.backups = next);
  }

  ReplicatedState withLineage(String newClusterId, String newGeneration) {
    return with(parts -> {
      parts.clusterId = newClusterId;
      parts.generation = newGeneration;
    });
  }

  ReplicatedState withMembers(List<String> members) {
    return with(parts -> parts.initialMembers = members);
  }

  /** With more of them, in place of those of the same id. */
  ReplicatedState withAlso(List<String> members) {
    List<String> all = new ArrayList<>(members);
    for (String member : initialMembers) {
      String id = member.substring(0, member.indexOf('=') + 1);
      if (members.stream().noneMatch(other -> other.startsWith(id))) {
        all.add(member);
      }
    }
    return withMembers(all);
  }

  ReplicatedState withFormerGroup(String group) {
    List<String> groups = new ArrayList<>(formerGroups);
    groups.add(group);
    return with(parts -> parts.formerGroups = groups);
  }

  ReplicatedState withChanges(ChangesRecord next) {
    return with(parts -> parts.changes = next);
  }

  ReplicatedState withHold(@Nullable WriteHold next) {
    return with(parts -> parts.hold = next);
  }

  ReplicatedState withVerified(VerifiedRecord drilled) {
    return with(parts -> parts.verified = Verification.with(verified, drilled));
  }

  private ReplicatedState with(Consumer<Parts> change) {
    Parts parts = new Parts(this);
    change.accept(parts);
    return parts.state();
  }

  /** A state while one of its parts is replaced. */
  private static final class Parts {
    private String clusterId;
    private String generation;
    private long changeIndex;
    private long appliedIndex;
    private RestoreRecord restore;
    private Map<String, BackupRecord> backups;
    private List<String> initialMembers;
    private List<String> formerGroups;
    private ChangesRecord changes;
    private @Nullable WriteHold hold;
    private Map<String, Verification> verified;

    Parts(ReplicatedState of) {
      clusterId = of.clusterId;
      generation = of.generation;
      changeIndex = of.changeIndex;
      appliedIndex = of.appliedIndex;
      restore = of.restore;
      backups = of.backups;
      initialMembers = of.initialMembers;
      formerGroups = of.formerGroups;
      changes = of.changes;
      hold = of.hold;
      verified = of.verified;
    }

    ReplicatedState state() {
      return new ReplicatedState(
          clusterId,
          generation,
          changeIndex,
          appliedIndex,
          restore,
          backups,
          initialMembers,
          formerGroups,
          changes,
          hold,
          verified);
    }
  }
}
