package io.liferaft.support;

import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.ChangesRecord;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.LoadSource;
import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NodeStatus.Member;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqlResult;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A node without a log: it answers what the test tells it to and remembers what it was asked. Its
 * fields may be set at any time, from any thread.
 */
public final class TestRaftNode implements RaftNode {

  public static final Member SELF = new Member("n1", "127.0.0.1:4002", "127.0.0.1:4001", true);
  public static final Member OTHER = new Member("n2", "127.0.0.1:4012", "127.0.0.1:4011", true);

  public final List<SqlRequest> asked = Collections.synchronizedList(new ArrayList<>());
  public final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  public volatile NodeStatus status = leading();
  public volatile Function<SqlRequest, SqlReply> sql = _ -> reply();
  public volatile Function<Path, SqlReply> load = _ -> reply();
  public volatile Supplier<DatabaseCopy> copy = () -> new BytesCopy(new byte[0]);
  public volatile Function<@Nullable String, @Nullable RuntimeException> transfer = _ -> null;
  public volatile Supplier<Boolean> snapshot = () -> true;
  public volatile List<NodeProbe> probes = List.of();

  /** What happens while another node is asked. */
  public volatile Runnable onProbe = () -> {};

  public volatile ReplicatedState state = state(disabled());

  /** Back to a leader that answers nothing. */
  public void reset() {
    asked.clear();
    calls.clear();
    status = leading();
    sql = _ -> reply();
    load = _ -> reply();
    copy = () -> new BytesCopy(new byte[0]);
    transfer = _ -> null;
    snapshot = () -> true;
    probes = List.of();
    onProbe = () -> {};
    state = state(disabled());
  }

  private static RestoreRecord disabled() {
    return new RestoreRecord.Ended(RestoreRecord.Outcome.DISABLED, 0);
  }

  public static ReplicatedState state(RestoreRecord restore) {
    return new ReplicatedState("c1", "g1", 0, 0, restore, Map.of(), List.of("n1=127.0.0.1:4002"));
  }

  public static SqlReply reply(SqlResult... results) {
    return new SqlReply(List.of(results), null, -1, SELF.httpAddress());
  }

  /** A node that leads two. */
  public static NodeStatus leading() {
    return status(NodeStatus.Phase.RUNNING, NodeStatus.Role.LEADER, SELF);
  }

  /** A node that leads only itself. */
  public static NodeStatus alone() {
    NodeStatus two = leading();
    return new NodeStatus(
        two.id(),
        two.raftAddress(),
        two.httpAddress(),
        two.phase(),
        two.problem(),
        two.role(),
        two.leader(),
        two.term(),
        two.commitIndex(),
        two.appliedIndex(),
        two.lastLogIndex(),
        two.snapshotIndex(),
        two.elections(),
        two.formed(),
        two.leaderless(),
        List.of(SELF));
  }

  /** A node that follows the other one. */
  public static NodeStatus following() {
    return status(NodeStatus.Phase.RUNNING, NodeStatus.Role.FOLLOWER, OTHER);
  }

  public static NodeStatus status(
      NodeStatus.Phase phase, NodeStatus.Role role, @Nullable Member leader) {
    return new NodeStatus(
        SELF.id(),
        SELF.raftAddress(),
        SELF.httpAddress(),
        phase,
        null,
        role,
        leader,
        3,
        41,
        41,
        41,
        -1,
        1,
        true,
        Duration.ZERO,
        List.of(SELF, OTHER));
  }

  public static NodeProbe answering(Member member, boolean leader, Duration took) {
    return new NodeProbe(
        member.id(),
        member.raftAddress(),
        "http://" + member.httpAddress(),
        "1.0",
        member.voter(),
        leader,
        true,
        "c1",
        41,
        null,
        took);
  }

  public static NodeProbe silent(Member member, String error) {
    return new NodeProbe(
        member.id(),
        member.raftAddress(),
        "",
        "",
        member.voter(),
        false,
        false,
        "",
        -1,
        error,
        Duration.ZERO);
  }

  @Override
  public NodeStatus status() {
    return status;
  }

  @Override
  public ReplicatedState state() {
    return state;
  }

  @Override
  public SqlReply execute(SqlRequest request) {
    return run("execute", request);
  }

  @Override
  public SqlReply query(SqlRequest request) {
    return run("query", request);
  }

  @Override
  public SqlReply request(SqlRequest request) {
    return run("request", request);
  }

  private SqlReply run(String call, SqlRequest request) {
    calls.add(call);
    asked.add(request);
    return sql.apply(request);
  }

  @Override
  public ClusterCopy copy(boolean anyNode, Duration timeout) {
    calls.add("copy " + anyNode);
    return new ClusterCopy(copy.get(), state, 3);
  }

  @Override
  public ClusterCopy copyAtPoint(String destination, Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void keepCopies(String destination, Runnable wake) {
    calls.add("keep copies for " + destination);
  }

  @Override
  public Optional<ClusterCopy> keptCopy(String destination) {
    return Optional.empty();
  }

  @Override
  public long loadDatabase(Path file, Duration timeout) {
    calls.add("loadDatabase " + timeout);
    return load.apply(file).raftIndex();
  }

  @Override
  public SqlReply loadText(Path file, Duration timeout) {
    calls.add("loadText " + timeout);
    return load.apply(file);
  }

  @Override
  public List<NodeProbe> nodes(boolean nonVoters, Duration timeout) {
    calls.add("nodes " + nonVoters + " " + timeout);
    return probes;
  }

  @Override
  public NodeProbe probe(String raftAddress, Duration timeout) {
    onProbe.run();
    return probes.stream()
        .filter(p -> p.raftAddress().equals(raftAddress))
        .findFirst()
        .orElseGet(() -> silent(OTHER, "refused"));
  }

  @Override
  public void removeNode(String id, Duration timeout) {
    calls.add("remove " + id);
  }

  @Override
  public void transferLeadership(@Nullable String id, Duration timeout) {
    calls.add("transfer " + id);
    RuntimeException refusal = transfer.apply(id);
    if (refusal != null) {
      throw refusal;
    }
  }

  @Override
  public boolean snapshot(Duration timeout) {
    calls.add("snapshot " + timeout);
    return snapshot.get();
  }

  @Override
  public SqlResult localQuery(String sqlText, Duration limit) {
    return new SqlResult.Rows(List.of("1"), List.of("integer"), List.of(), 0);
  }

  @Override
  public boolean confirmLeadership() {
    return status.leads();
  }

  @Override
  public boolean databaseEmpty() {
    return true;
  }

  @Override
  public void captureChanges(boolean on) {
    calls.add("capture " + on);
    changes(new ChangesRecord(on, 0, state.changes().deliveredIndex()));
  }

  @Override
  public void recordDelivered(long index) {
    calls.add("delivered " + index);
    changes(new ChangesRecord(state.changes().captured(), 0, index));
  }

  /** Replaces what the cluster knows about changes. */
  public void changes(ChangesRecord changes) {
    ReplicatedState now = state;
    state =
        new ReplicatedState(
            now.clusterId(),
            now.generation(),
            now.changeIndex(),
            now.appliedIndex(),
            now.restore(),
            now.backups(),
            now.initialMembers(),
            now.formerGroups(),
            changes,
            now.hold(),
            now.verified());
  }

  @Override
  public void recordBackup(BackupRecord backup) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void recordVerified(VerifiedRecord drilled) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long beginRestore(String source) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long holdWrites(Duration limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void releaseWrites(long attempt) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void loadRestored(
      long attempt,
      LoadSource source,
      @Nullable String clusterId,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer loadedBytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void endRestore(RestoreRecord.Outcome outcome) {
    throw new UnsupportedOperationException();
  }

  /** A copy of bytes in memory. */
  public static class BytesCopy implements DatabaseCopy {
    private final byte[] bytes;

    public BytesCopy(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public byte[] payload() {
      return new byte[0];
    }

    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public int read(long offset, ByteBuffer into) {
      int length = (int) Math.min(into.remaining(), bytes.length - offset);
      if (length <= 0) {
        return -1;
      }
      into.put(bytes, (int) offset, length);
      return length;
    }

    @Override
    public void close() {}
  }
}
