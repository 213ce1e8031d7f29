package io.liferaft.restore;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupManifest;
import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.restore.RestoreDecision.Fault;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;

/** The nodes of a backup's time: one that is alive may hold what the backup lacks. */
final class FormerMembers {

  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(3);

  private final RaftNode node;
  private final Runnable checkLeading;

  /**
   * @param checkLeading throws when this node does not lead any more
   */
  FormerMembers(RaftNode node, Runnable checkLeading) {
    this.node = node;
    this.checkLeading = checkLeading;
  }

  /**
   * Asks each that is none of this cluster's own.
   *
   * @throws RestoreFailure when one answers and has data
   */
  void ask(BackupArchive archive, BackupManifest manifest) {
    ReplicatedState state = node.state();
    Set<String> ours =
        state.initialMembers().stream().map(FormerMembers::address).collect(Collectors.toSet());
    for (String member : manifest.members()) {
      String address = address(member);
      if (ours.contains(address)) {
        continue;
      }
      checkLeading.run();
      NodeProbe probe = node.probe(address, PROBE_TIMEOUT);
      // A node of this very cluster may be reachable at an address of old.
      if (probe.reachable() && probe.hasData() && !probe.clusterId().equals(state.clusterId())) {
        throw new RestoreFailure(
            Fault.OTHER,
            "MEMBER_ALIVE",
            ("Node %s at %s, a member when the backup at %s was made, answers and has data up to index"
                    + " %d: that cluster may be alive. Stop that node for good to restore here, or start"
                    + " this cluster with it as a member")
                .formatted(probe.id(), address, archive.location(), probe.lastIndex()),
            null);
      }
    }
  }

  private static String address(String member) {
    return member.substring(member.indexOf('=') + 1);
  }
}
