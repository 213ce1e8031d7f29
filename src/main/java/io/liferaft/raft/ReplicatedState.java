package io.liferaft.raft;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    @Nullable WriteHold hold) {

  public ReplicatedState {
    backups = Map.copyOf(backups);
    initialMembers = List.copyOf(initialMembers);
    formerGroups = List.copyOf(formerGroups);
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
        null);
  }

  ReplicatedState withApplied(long index) {
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        index,
        restore,
        backups,
        initialMembers,
        formerGroups,
        changes,
        hold);
  }

  ReplicatedState withChange(long index) {
    return new ReplicatedState(
        clusterId,
        generation,
        index,
        appliedIndex,
        restore,
        backups,
        initialMembers,
        formerGroups,
        changes,
        hold);
  }

  ReplicatedState withRestore(RestoreRecord next) {
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        next,
        backups,
        initialMembers,
        formerGroups,
        changes,
        hold);
  }

  ReplicatedState withBackup(BackupRecord backup) {
    Map<String, BackupRecord> next = new HashMap<>(backups);
    next.put(backup.destination(), backup);
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        restore,
        next,
        initialMembers,
        formerGroups,
        changes,
        hold);
  }

  ReplicatedState withLineage(String newClusterId, String newGeneration) {
    return new ReplicatedState(
        newClusterId,
        newGeneration,
        changeIndex,
        appliedIndex,
        restore,
        backups,
        initialMembers,
        formerGroups,
        changes,
        hold);
  }

  ReplicatedState withMembers(List<String> members) {
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        restore,
        backups,
        members,
        formerGroups,
        changes,
        hold);
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
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        restore,
        backups,
        initialMembers,
        groups,
        changes,
        hold);
  }

  ReplicatedState withChanges(ChangesRecord next) {
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        appliedIndex,
        restore,
        backups,
        initialMembers,
        formerGroups,
        next,
        hold);
  }

  ReplicatedState withHold(@Nullable WriteHold next) {
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
        next);
  }
}
