package io.liferaft.restore;

import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RestoreRecord;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which backup the cluster was restored from. The node that has restored it knows all for as long
 * as its process lives; every other one, what the replicated state tells: the time for ever, and of
 * a backup that lies where backups go, target, time and hash until the next one is made there.
 */
final class RestoreOrigin {

  /**
   * A place that backups go to.
   *
   * @param name first or second
   */
  record Target(String name, String location, String fingerprint) {}

  private final RaftNode node;
  private final Supplier<@Nullable Restored> own;
  private final List<Target> targets;

  /**
   * @param own gives what this node has restored; null for nothing
   */
  RestoreOrigin(RaftNode node, Supplier<@Nullable Restored> own, List<Target> targets) {
    this.node = node;
    this.own = own;
    this.targets = List.copyOf(targets);
  }

  /** Null unless the cluster was restored. Asks nobody. */
  @Nullable Map<String, Object> details() {
    ReplicatedState state = node.state();
    if (!(state.restore() instanceof RestoreRecord.Ended(var outcome, long timeMillis))
        || outcome != RestoreRecord.Outcome.RESTORED) {
      return null;
    }
    Map<String, Object> details = new LinkedHashMap<>();
    Restored restored = own.get();
    if (restored == null) {
      recorded(details, state, timeMillis);
    } else {
      String target =
          targets.stream()
              .filter(one -> one.fingerprint().equals(restored.fingerprint()))
              .map(Target::name)
              .findFirst()
              .orElse("source");
      tell(details, target, restored.source(), restored.created(), restored.sha256());
      details.put("backup", restored.backup());
      details.put("changeIndex", restored.changeIndex());
      details.put("passedOver", restored.passedOver());
    }
    details.put("ended", Instant.ofEpochMilli(timeMillis));
    return details;
  }

  /**
   * The record that came with the restore is older than its end, every later one is younger. Only
   * the newest backup comes with one, so none was passed over then.
   */
  private void recorded(Map<String, Object> details, ReplicatedState state, long endMillis) {
    for (Target target : targets) {
      BackupRecord record = state.backups().get(target.fingerprint());
      if (record != null && record.timeMillis() < endMillis) {
        tell(
            details,
            target.name(),
            target.location(),
            Instant.ofEpochMilli(record.timeMillis()),
            record.sha256());
        details.put("passedOver", List.of());
        return;
      }
    }
  }

  private static void tell(
      Map<String, Object> details, String target, String source, Instant created, String sha256) {
    details.put("target", target);
    details.put("source", source);
    details.put("created", created);
    details.put("sha256", sha256);
  }
}
