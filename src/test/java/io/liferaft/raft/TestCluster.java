package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.liferaft.membership.FormationFailed;
import io.liferaft.security.AccessControl;
import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.FailingDisk;
import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteStore;
import io.liferaft.support.Ports;
import io.liferaft.support.SteppedFiles;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.util.FileSystemUtils;

/** Nodes in one JVM with real logs and databases, each with its forming but without HTTP. */
final class TestCluster implements AutoCloseable {

  private static final org.slf4j.Logger log = LoggerFactory.getLogger(TestCluster.class);
  static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration ELECTION = Duration.ofMillis(500);

  static {
    ((Logger) LoggerFactory.getLogger("org.apache.ratis")).setLevel(Level.OFF);
  }

  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, String> members = new LinkedHashMap<>();
  private int snapshotEntries = 8192;
  private long trailingLog;
  private Duration election = ELECTION;
  private boolean foreignKeys;

  private TestCluster(Path folder, int size) {
    for (int i = 1; i <= size; i++) {
      Node node = new Node("n" + i, folder.resolve("n" + i));
      nodes.add(node);
      members.put(node.id, node.address);
    }
  }

  /** Nodes that are not started. */
  static TestCluster of(Path folder, int size) {
    return new TestCluster(folder, size);
  }

  /** Nodes that take client data. */
  static TestCluster serving(Path folder, int size) {
    return of(folder, size).startAll();
  }

  /** For the next starts: a snapshot after so many entries. */
  TestCluster withSnapshotEvery(int entries) {
    snapshotEntries = entries;
    return this;
  }

  /** For the next starts: so many bytes of the log stay behind a snapshot. */
  TestCluster withTrailingLog(long bytes) {
    trailingLog = bytes;
    return this;
  }

  /** For the next starts. */
  TestCluster withElection(Duration timeout) {
    election = timeout;
    return this;
  }

  /** For the next starts: whether a cluster founded then enforces foreign keys. */
  TestCluster withForeignKeys(boolean enforced) {
    foreignKeys = enforced;
    return this;
  }

  TestCluster startAll() {
    nodes.forEach(Node::start);
    awaitServing();
    return this;
  }

  List<Node> nodes() {
    return nodes;
  }

  Node node(int number) {
    return nodes.get(number - 1);
  }

  Stream<Node> running() {
    return nodes.stream().filter(node -> node.raft != null);
  }

  Node awaitLeader() {
    Optional<Node> leader = leader();
    return leader.isPresent()
        ? leader.get()
        : Waiting.await("a leader").until(this::leader, Optional::isPresent).orElseThrow();
  }

  Optional<Node> leader() {
    return running().filter(node -> node.local().leads()).findFirst();
  }

  /** Makes a node lead. */
  void lead(Node wanted) {
    Waiting.await(wanted.id() + " leads")
        .until(() -> {
          if (!wanted.local().leads()) {
            try {
              awaitLeader()
                  .local()
                  .server()
                  .orElseThrow()
                  .transferLeadership(
                      wanted.local().server().orElseThrow().self().getId(), TIMEOUT);
            } catch (IOException e) {
              return false;
            }
          }
          return wanted.local().leads();
        });
  }

  Node follower() {
    Node leader = awaitLeader();
    return running().filter(node -> node != leader).findFirst().orElseThrow();
  }

  /** Makes another running node lead; a stopped one would be waited for. */
  void moveLeadership() {
    Node former = awaitLeader();
    Node next = running().filter(node -> node != former).findFirst().orElseThrow();
    try {
      former.raft().transferLeadership(next.id(), TIMEOUT);
    } catch (NotReadyException e) {
      log.debug("Another one than {} may have been elected", next.id(), e);
    }
    Waiting.await("another leader than " + former.id())
        .until(() -> leader().map(leader -> leader != former).orElse(false));
  }

  /** Waits until every running node is a member and serves. */
  void awaitServing() {
    Waiting.await("a formed cluster")
        .until(() -> leader().map(node -> node.raft().status().formed()).orElse(false));
    Node leader = awaitLeader();
    if (!(leader.raft().state().restore() instanceof RestoreRecord.Ended)) {
      leader.raft().endRestore(RestoreRecord.Outcome.DISABLED);
    }
    Waiting.await("every node serves").until(() -> running().allMatch(Node::serves));
  }

  /** Waits until every running node has applied all there is, and compares their contents. */
  void assertEqualContents() {
    long last = awaitLeader().raft().status().lastLogIndex();
    Waiting.await("every node has applied up to " + last)
        .until(() ->
            running()
                .allMatch(node -> node.serves() && node.raft().state().appliedIndex() >= last));
    List<String> digests = running().map(node -> node.store().contentDigest()).toList();
    assertThat(digests).doesNotContainNull();
    assertThat(digests.stream().distinct()).as("contents of all nodes").hasSize(1);
  }

  /** Stops all at once; nobody hands leadership on to one that stops as well. */
  @Override
  public void close() {
    CompletableFuture<?>[] stopping =
        running()
            .map(node ->
                CompletableFuture.runAsync(
                    () -> {
                      node.local().close();
                      node.stop();
                    },
                    work -> Thread.ofPlatform().start(work)))
            .toArray(CompletableFuture[]::new);
    Void _ = CompletableFuture.allOf(stopping).join();
  }

  /** Puts a command into the log, which must do what it says. */
  void append(LogCommand command) {
    Peers.Appended appended =
        awaitLeader()
            .local()
            .server()
            .orElseThrow()
            .submit(command, LogCommandCodec.encode(command))
            .outcome()
            .join();
    assertThat(appended.applied()).isInstanceOf(Applied.Done.class);
  }

  /** Writes to the table t of a stopped node's database as a SQLite tool does. */
  static void touch(Path dataDir) throws IOException, SQLException {
    Path file;
    try (Stream<Path> files = Files.list(dataDir)) {
      file = files.filter(found -> found.toString().endsWith(".sqlite")).findFirst().orElseThrow();
    }
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("UPDATE t SET x = 1000");
    }
  }

  static SqlRequest request(ReadLevel level, boolean transaction, String... sql) {
    return request(level, transaction, Arrays.stream(sql).map(SqlStatement::of).toList());
  }

  static SqlRequest request(ReadLevel level, boolean transaction, List<SqlStatement> statements) {
    return new SqlRequest(
        statements,
        SqlForm.EXECUTE,
        transaction,
        level,
        null,
        false,
        TIMEOUT,
        Duration.ofSeconds(10),
        null);
  }

  /** One node; its folder and address stay, also when it is stopped, until it moves. */
  final class Node {
    private final String id;
    private final Path folder;
    private String address = "127.0.0.1:" + Ports.free();
    private final FailingDisk disk = new FailingDisk();
    private FileBorder under = new DiskFiles();
    private SteppedFiles files = new SteppedFiles(under);
    private Map<String, String> believed = members;
    private @Nullable ChangeJournal journal;
    private LongSupplier room = () -> Long.MAX_VALUE;
    private final AtomicReference<@Nullable FormationFailed> failure = new AtomicReference<>();
    private JoinPlan plan = JoinPlan.NONE;
    private Leaving leaving = Leaving.NEVER;
    private AccessControl access = AccessControl.open();
    private PeerTls tls = PeerTls.none();
    private @Nullable SqliteStore store;
    private @Nullable LocalNode local;
    private @Nullable RatisNode raft;
    private @Nullable AnnotationConfigApplicationContext context;

    private Node(String id, Path folder) {
      this.id = id;
      this.folder = folder;
    }

    String id() {
      return id;
    }

    String address() {
      return address;
    }

    Path folder() {
      return folder;
    }

    FailingDisk disk() {
      return disk;
    }

    /** Where its process can be made to die. */
    SteppedFiles files() {
      return files;
    }

    /** From the next start its own files are on this disk. */
    Node on(FileBorder files) {
      under = files;
      this.files = new SteppedFiles(under);
      return this;
    }

    SqliteStore store() {
      return java.util.Objects.requireNonNull(store);
    }

    LocalNode local() {
      return java.util.Objects.requireNonNull(local);
    }

    RatisNode raft() {
      return java.util.Objects.requireNonNull(raft);
    }

    /** From the next start on its Raft address is another one, in everybody's list as well. */
    Node moves() {
      address = "127.0.0.1:" + Ports.free();
      members.put(id, address);
      return this;
    }

    /** For the next start: another list of members than the cluster's. */
    Node believing(Map<String, String> initialCluster) {
      believed = initialCluster;
      return this;
    }

    /** For the next starts: without a list of members, but with a way to find a cluster. */
    Node joining(JoinPlan way) {
      believed = Map.of(id, address);
      plan = way;
      return this;
    }

    /** For the next starts: when nodes leave. */
    Node leaving(Leaving when) {
      leaving = when;
      return this;
    }

    /** For the next start: who may do what through other nodes. */
    Node withAccess(AccessControl users) {
      access = users;
      return this;
    }

    /** For the next start: how it talks to others. */
    Node withTls(PeerTls peerTls) {
      tls = peerTls;
      return this;
    }

    /** For the next start: how much room its disk claims to have. */
    Node withRoom(LongSupplier usableBytes) {
      room = usableBytes;
      return this;
    }

    /** For the next starts: keeps row changes. */
    Node withJournal(ChangeJournal changes) {
      journal = changes;
      return this;
    }

    Node start() {
      return startAs(id);
    }

    Node startAs(String nodeId) {
      NodeConfig config =
          new NodeConfig(
              nodeId,
              folder,
              nodeId + ".example.org:4001",
              false,
              HostPort.parse(address),
              address,
              believed,
              election,
              foreignKeys,
              new LogCutting(snapshotEntries, 256 * 1024, trailingLog),
              plan,
              leaving,
              tls);
      SqliteStore opened = disk.store(files);
      LocalNode node = new LocalNode(config, opened, Clock.systemUTC(), _ -> {}, room, journal);
      RatisNode ratis = new RatisNode(node, opened, Clock.systemUTC(), access);
      AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext();
      beans.registerBean(RatisNode.class, () -> ratis);
      beans.registerBean(GroupMembership.class, ratis::members);
      failure.set(null);
      beans.addApplicationListener(
          (ApplicationListener<PayloadApplicationEvent<FormationFailed>>)
              failed -> failure.set(failed.getPayload()));
      beans.scan("io.liferaft.membership");
      store = opened;
      local = node;
      raft = ratis;
      context = beans;
      beans.refresh();
      return this;
    }

    /** Waits until it has given up to find a cluster. */
    FormationFailed awaitFailure() {
      return java.util.Objects.requireNonNull(
          Waiting.await(id + " gives up").until(failure::get, java.util.Objects::nonNull));
    }

    boolean serves() {
      NodeStatus status = raft().status();
      return status.phase() == NodeStatus.Phase.RUNNING
          && status.leader() != null
          && raft().state().restore() instanceof RestoreRecord.Ended;
    }

    /** Stops in good order. */
    void stop() {
      AnnotationConfigApplicationContext running = context;
      context = null;
      raft = null;
      if (running != null) {
        running.close();
      }
    }

    /** Stops without a last snapshot: what was applied since the last one has to come again. */
    void crash() {
      local().machine().ifPresent(machine -> machine.applier().close());
      stop();
    }

    /** Stops as if its process had been killed: from now on nothing of its own reaches the disk. */
    void die() {
      files.kill();
      local()
          .machine()
          .filter(machine -> machine.replica() != null)
          .ifPresent(machine -> machine.applier().close());
      stop();
      files.revive();
    }

    boolean running() {
      return context != null;
    }

    void wipe() {
      boolean deleted = FileSystemUtils.deleteRecursively(folder.toFile());
      assertThat(deleted).isTrue();
    }

    void awaitProblem(String part) {
      Waiting.await(id + " says: " + part)
          .until(() -> String.valueOf(raft().status().problem()), said -> said.contains(part));
    }

    SqlReply execute(String... sql) {
      return raft().execute(request(ReadLevel.WEAK, false, sql));
    }

    /** The first value of the first row, as text. */
    String read(ReadLevel level, String sql) {
      SqlReply reply = raft().query(request(level, false, sql));
      assertThat(reply.error()).isNull();
      return value(reply.results().getFirst());
    }

    /** What this node's own database says. */
    String local(String sql) {
      return value(raft().localQuery(sql, Duration.ofSeconds(2)));
    }

    private static String value(SqlResult result) {
      assertThat(result).isInstanceOf(SqlResult.Rows.class);
      return String.valueOf(((SqlResult.Rows) result).values().getFirst()[0]);
    }
  }
}
