package io.liferaft.support;

import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.ChangesRecord;
import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.LeadershipChanged;
import io.liferaft.raft.LoadSource;
import io.liferaft.raft.NodeProbe;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.ReplicatedState;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.raft.SqlReply;
import io.liferaft.raft.SqlRequest;
import io.liferaft.raft.Verification;
import io.liferaft.raft.VerifiedRecord;
import io.liferaft.raft.WriteHold;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqliteException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The replicated state as backup and restore see it, in memory, with the rules of {@link RaftNode}
 * for what only the leader may do. One node; others exist by name.
 */
public final class FakeRaftNode implements RaftNode {

  private static final int CHUNK_BYTES = 64;

  private final List<Consumer<LeadershipChanged>> listeners = new CopyOnWriteArrayList<>();
  private final Map<String, NodeProbe> reachable = new HashMap<>();
  private final List<String> probed = new ArrayList<>();
  private final Map<String, BackupRecord> backups = new HashMap<>();
  private List<String> members = List.of("n1=127.0.0.1:4002");
  private NodeStatus.Phase phase = NodeStatus.Phase.RUNNING;
  private boolean formed = true;
  private @Nullable String leader;
  private @Nullable WriteHold hold;
  private long term = 1;
  private String clusterId = "cluster-a";
  private String generation = "g1";
  private long index = 1;
  private long changeIndex;
  private RestoreRecord restore = new RestoreRecord.Undecided();
  private byte[] database = {};
  private boolean quorum = true;
  private int copies;
  private int revocations;
  private boolean exclusiveCopies;
  private final Set<Copy> openCopies = ConcurrentHashMap.newKeySet();
  private int transfers;
  private LongConsumer duringLoad = loaded -> {};
  private @Nullable RuntimeException failNextRecord;
  private @Nullable RuntimeException refuseVerified;
  private final Map<String, Verification> verified = new HashMap<>();
  private String checked = "ok";
  private Duration checkLasts = Duration.ZERO;
  private @Nullable Runnable leaderAtPoint;
  private @Nullable ClusterCopy kept;
  private Runnable wakeForKept = () -> {};

  // --- what a test arranges ---

  public void listen(Consumer<LeadershipChanged> listener) {
    listeners.add(listener);
  }

  /** This node leads from now on, in the next term. */
  public FakeRaftNode lead() {
    return leader("n1");
  }

  /** Another node leads, or, with null, nobody is known to. */
  public FakeRaftNode leader(@Nullable String id) {
    synchronized (this) {
      leader = id;
      term++;
      hold = null;
    }
    announce();
    return this;
  }

  public void announce() {
    LeadershipChanged event;
    synchronized (this) {
      event = new LeadershipChanged(leader, "n1".equals(leader), term);
    }
    listeners.forEach(listener -> listener.accept(event));
  }

  public synchronized FakeRaftNode members(String... idsAndAddresses) {
    members = List.of(idsAndAddresses);
    return this;
  }

  public synchronized void phase(NodeStatus.Phase now) {
    phase = now;
  }

  public synchronized void formed(boolean now) {
    formed = now;
  }

  public synchronized FakeRaftNode restored(RestoreRecord now) {
    restore = now;
    return this;
  }

  /** A write that leaves the database with these bytes. */
  public synchronized FakeRaftNode write(byte[] result) {
    database = result.clone();
    changeIndex = ++index;
    return this;
  }

  public synchronized FakeRaftNode write(String content) {
    return write(FakeDatabase.holding(content));
  }

  /** A client's load: a new generation. */
  public synchronized void load(String content) {
    write(content);
    generation = "g" + index;
  }

  public synchronized void clusterId(String id) {
    clusterId = id;
  }

  public synchronized void quorum(boolean confirms) {
    quorum = confirms;
  }

  public synchronized void revokeCopies(int times) {
    revocations = times;
  }

  /** As a real node does: an open copy of before keeps newer ones waiting, for ever here. */
  public synchronized FakeRaftNode exclusiveCopies() {
    exclusiveCopies = true;
    return this;
  }

  /** What SQLite says of the database from now on. */
  public synchronized void checked(String quickCheck) {
    checked = quickCheck;
  }

  /** How long the check of the database takes. */
  public synchronized void checkLasts(Duration time) {
    checkLasts = time;
  }

  public synchronized void failNextRecord(RuntimeException failure) {
    failNextRecord = failure;
  }

  /** What a drill found does not get into the log; null: it does. */
  public synchronized void refuseVerified(@Nullable RuntimeException failure) {
    refuseVerified = failure;
  }

  /** What happens once a copy has been taken at a point; before that the leader refuses it. */
  public synchronized void leaderAtPoint(Runnable action) {
    leaderAtPoint = action;
  }

  /** Another node has had a copy taken here. */
  public void keepCopy() {
    ClusterCopy copy = copy(true, Duration.ZERO);
    Runnable wake;
    synchronized (this) {
      kept = copy;
      wake = wakeForKept;
    }
    wake.run();
  }

  public synchronized void duringLoad(LongConsumer action) {
    duringLoad = action;
  }

  public synchronized void answer(String address, boolean hasData, String ofCluster) {
    reachable.put(
        address,
        new NodeProbe(
            "old", address, "", "1", true, false, hasData, ofCluster, 77, null, Duration.ZERO));
  }

  /** The leader, which is another node, has recorded a backup; this one never led meanwhile. */
  public synchronized void leaderRecorded(BackupRecord backup) {
    index++;
    backups.put(backup.destination(), backup);
  }

  // --- what a test asks ---

  public synchronized long term() {
    return term;
  }

  public synchronized int copies() {
    return copies;
  }

  public synchronized int transfers() {
    return transfers;
  }

  public synchronized List<String> probed() {
    return List.copyOf(probed);
  }

  public synchronized byte[] database() {
    return database.clone();
  }

  // --- the contract ---

  @Override
  public synchronized NodeStatus status() {
    List<NodeStatus.Member> list =
        members.stream()
            .map(m -> m.split("=", 2))
            .map(m -> new NodeStatus.Member(m[0], m[1], m[0] + ":4001", true))
            .toList();
    NodeStatus.Role role = "n1".equals(leader) ? NodeStatus.Role.LEADER : NodeStatus.Role.FOLLOWER;
    return new NodeStatus(
        "n1",
        "127.0.0.1:4002",
        "127.0.0.1:4001",
        phase,
        null,
        role,
        list.stream().filter(m -> m.id().equals(leader)).findFirst().orElse(null),
        term,
        index,
        index,
        index,
        0,
        0,
        formed,
        Duration.ZERO,
        list);
  }

  @Override
  public synchronized ReplicatedState state() {
    return new ReplicatedState(
        clusterId,
        generation,
        changeIndex,
        index,
        restore,
        backups,
        members,
        List.of(),
        ChangesRecord.NONE,
        hold,
        verified);
  }

  private synchronized void leaderOnly() {
    if (!"n1".equals(leader)) {
      throw new NotLeaderException("n1 does not lead");
    }
  }

  @Override
  public void captureChanges(boolean on) {
    throw new UnsupportedOperationException("it captures nothing");
  }

  @Override
  public void recordDelivered(long index) {
    throw new UnsupportedOperationException("it delivers nothing");
  }

  @Override
  public synchronized ClusterCopy copy(boolean anyNode, Duration timeout) {
    copies++;
    boolean revoked = revocations > 0;
    if (revoked) {
      revocations--;
    }
    if (exclusiveCopies && openCopies.stream().anyMatch(open -> open.at < changeIndex)) {
      throw new NotReadyException("other copies are being read", Duration.ofSeconds(5));
    }
    Copy copy = new Copy(database.clone(), revoked, changeIndex);
    openCopies.add(copy);
    return new ClusterCopy(copy, state(), term);
  }

  @Override
  public ClusterCopy copyAtPoint(String destination, Duration timeout) {
    Runnable action = leaderAtPoint();
    if (action == null) {
      throw new RequestRefusedException("the leader makes no backups there");
    }
    ClusterCopy copy = copy(true, timeout);
    action.run();
    return copy;
  }

  private synchronized @Nullable Runnable leaderAtPoint() {
    return leaderAtPoint;
  }

  @Override
  public synchronized void keepCopies(String destination, Runnable wake) {
    wakeForKept = wake;
  }

  @Override
  public synchronized Optional<ClusterCopy> keptCopy(String destination) {
    Optional<ClusterCopy> copy = Optional.ofNullable(kept);
    kept = null;
    return copy;
  }

  private final class Copy implements DatabaseCopy {
    private final byte[] bytes;
    private final boolean revoked;
    private final long at;

    Copy(byte[] bytes, boolean revoked, long at) {
      this.at = at;
      this.bytes = bytes;
      this.revoked = revoked;
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
      if (revoked) {
        throw new SqliteException.CopyRevoked("held too long");
      }
      if (offset >= bytes.length) {
        return -1;
      }
      int length = Math.min(into.remaining(), bytes.length - (int) offset);
      into.put(bytes, (int) offset, length);
      return length;
    }

    @Override
    public void close() {
      openCopies.remove(this);
    }
  }

  @Override
  public synchronized boolean confirmLeadership() {
    return quorum && "n1".equals(leader);
  }

  @Override
  public synchronized boolean databaseEmpty() {
    return changeIndex == 0 && database.length == 0;
  }

  @Override
  public synchronized void recordBackup(BackupRecord backup) {
    leaderOnly();
    RuntimeException failure = failNextRecord;
    failNextRecord = null;
    if (failure != null) {
      throw failure;
    }
    index++;
    BackupRecord last = backups.get(backup.destination());
    boolean newer =
        last == null
            || !last.generation().equals(generation)
            || (backup.changeIndex() >= last.changeIndex() && backup.term() >= last.term());
    if (!backup.generation().equals(generation) || !newer) {
      throw new RequestRefusedException("a newer backup has been recorded");
    }
    backups.put(backup.destination(), backup);
  }

  @Override
  public synchronized void recordVerified(VerifiedRecord drilled) {
    RuntimeException failure = refuseVerified;
    if (failure != null) {
      throw failure;
    }
    index++;
    Verification known = verified.get(drilled.destination());
    verified.put(
        drilled.destination(),
        drilled.good()
            ? new Verification(drilled, null)
            : new Verification(known == null ? null : known.good(), drilled));
  }

  @Override
  public synchronized long beginRestore(String source) {
    leaderOnly();
    if (restore instanceof RestoreRecord.Ended || changeIndex > 0) {
      throw new RequestRefusedException("the cluster has data or its restore has ended");
    }
    restore = new RestoreRecord.Begun(++index, source);
    return index;
  }

  @Override
  public synchronized long holdWrites(Duration limit) {
    leaderOnly();
    if (hold != null) {
      throw new RequestRefusedException("another restore is under way");
    }
    hold = new WriteHold(++index, term, limit.toMillis());
    return index;
  }

  @Override
  public synchronized void releaseWrites(long attempt) {
    leaderOnly();
    if (Thread.currentThread().isInterrupted()) {
      throw new CommitUnknownException("interrupted while the write was under way", null);
    }
    if (hold != null && hold.attempt() == attempt) {
      hold = null;
    }
  }

  @Override
  public void loadRestored(
      long attempt,
      LoadSource source,
      @Nullable String lineage,
      Supplier<@Nullable BackupRecord> backup,
      LongConsumer loadedBytes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (InputStream in = source.open()) {
      for (byte[] chunk = in.readNBytes(CHUNK_BYTES);
          chunk.length > 0;
          chunk = in.readNBytes(CHUNK_BYTES)) {
        LongConsumer during = duringLoad();
        during.accept(all.size());
        leaderOnly();
        all.writeBytes(chunk);
        loadedBytes.accept(all.size());
      }
      source.awaitWhole();
      loadedBytes.accept(all.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    loaded(attempt, all.toByteArray(), lineage, backup.get());
  }

  private synchronized void loaded(
      long attempt, byte[] bytes, @Nullable String lineage, @Nullable BackupRecord backup) {
    boolean held = hold != null && hold.attempt() == attempt;
    hold = null;
    if (!held && (!(restore instanceof RestoreRecord.Begun(long begun, _)) || begun != attempt)) {
      throw new RequestRefusedException("attempt " + attempt + " is not the one that goes on");
    }
    write(bytes);
    generation = "g" + index;
    clusterId = lineage == null ? clusterId : lineage;
    if (backup != null) {
      backups.put(
          backup.destination(),
          new BackupRecord(
              backup.destination(),
              generation,
              changeIndex,
              backup.sha256(),
              backup.sizeBytes(),
              backup.etag(),
              backup.versionId(),
              term,
              backup.timeMillis()));
    }
    restore = new RestoreRecord.Ended(RestoreRecord.Outcome.RESTORED, 0);
  }

  private synchronized LongConsumer duringLoad() {
    return duringLoad;
  }

  @Override
  public synchronized void endRestore(RestoreRecord.Outcome outcome) {
    leaderOnly();
    if (!(restore instanceof RestoreRecord.Ended)) {
      index++;
      restore = new RestoreRecord.Ended(outcome, 0);
    }
  }

  @Override
  public synchronized NodeProbe probe(String raftAddress, Duration timeout) {
    probed.add(raftAddress);
    NodeProbe answer = reachable.get(raftAddress);
    return answer != null
        ? answer
        : new NodeProbe(
            "", raftAddress, "", "", false, false, false, "", -1, "refused", Duration.ZERO);
  }

  @Override
  public void removeNode(String id, Duration timeout) {
    throw new UnsupportedOperationException("remove");
  }

  @Override
  public void transferLeadership(@Nullable String id, Duration timeout) {
    leaderOnly();
    transfers++;
    leader(members.stream().map(m -> m.split("=", 2)[0]).skip(1).findFirst().orElse("n1"));
  }

  // --- not for backup and restore ---

  @Override
  public SqlReply execute(SqlRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SqlReply query(SqlRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SqlReply request(SqlRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long loadDatabase(Path file, Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SqlReply loadText(Path file, Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<NodeProbe> nodes(boolean nonVoters, Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean snapshot(Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized SqlResult localQuery(String sql, Duration limit) {
    if (limit.compareTo(checkLasts) < 0) {
      return new SqlResult.Failed("not within " + limit, 0);
    }
    List<@Nullable Object[]> row = new ArrayList<>();
    row.add(new @Nullable Object[] {checked});
    return new SqlResult.Rows(List.of("quick_check"), List.of("text"), row, 0);
  }
}
