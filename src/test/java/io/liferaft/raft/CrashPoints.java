package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.raft.LogCommand.LoadKind;
import io.liferaft.sqlite.DiskFiles;
import io.liferaft.support.PowerLossFiles;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.io.TempDir;

/**
 * Operations on a cluster in one JVM, each of which can end a node before any step that it takes on
 * its files, or take the power from its disk there. Afterwards the node starts by itself and holds
 * every write once, as all others do.
 */
abstract class CrashPoints {

  private static final Duration ELECTION = Duration.ofMillis(200);
  private static final int LOADED = 5;
  private static final int MOST_STEPS = 200;

  @TempDir Path folder;

  /** Runs an operation that ends before this step; false when it ran through before that. */
  interface Row {
    boolean diesAt(int step) throws IOException;
  }

  /** How a node ends. */
  enum End {
    KILL,
    POWER_LOSS
  }

  /** One test a step, until the operation runs through; only some of the steps when chosen. */
  Stream<DynamicTest> everyStep(
      String operation, Row row, AutoCloseable used, IntPredicate chosen) {
    AtomicBoolean through = new AtomicBoolean();
    return IntStream.iterate(1, step -> !through.get() && step < MOST_STEPS, step -> step + 1)
        .filter(chosen)
        .mapToObj(step ->
            DynamicTest.dynamicTest(
                operation + ", step " + step,
                () -> {
                  boolean died = false;
                  try {
                    died = row.diesAt(step);
                  } finally {
                    through.set(!died);
                  }
                }))
        .onClose(() -> {
          try {
            used.close();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private TestCluster lone(String name) {
    return TestCluster.of(folder.resolve(name), 1).withElection(ELECTION);
  }

  // --- a lone node ---

  Stream<DynamicTest> founding(IntPredicate chosen) {
    return everyStep("founding", step -> both(end -> founds(step, end)), () -> {}, chosen);
  }

  private boolean founds(int step, End end) {
    try (TestCluster cluster = lone("founding-" + end + step)) {
      TestCluster.Node node = cluster.node(1);
      PowerLossFiles disk = disk(node, end);
      node.files().arm(step);
      node.start();
      boolean died = endsOr(node, () -> node.local().leads() && node.raft().status().formed());
      if (died) {
        end(node, disk, step);
        node.start();
      } else {
        node.files().revive();
      }
      cluster.awaitServing();
      new CountedWrites(cluster).make(1).verify(node);
      return died;
    }
  }

  Stream<DynamicTest> checkpoint(IntPredicate chosen) {
    Lones lones = new Lones("checkpoint");
    Row row = step -> both(end -> checkpoints(lones.of(end), step));
    return everyStep("checkpoint", row, lones, chosen);
  }

  /** The first without a record; later ones have one that does not know the writes. */
  private static boolean checkpoints(Lone lone, int step) {
    if (step > 1) {
      checkpoint(lone.node);
    }
    lone.writes.make(2);
    String content = lone.node.store().contentDigest();
    boolean died = lone.diesIn(step, () -> lone.node.local().snapshot(TestCluster.TIMEOUT));
    assertThat(lone.node.store().contentDigest()).isEqualTo(content);
    lone.writes.make(1).verify(lone.node);
    return died;
  }

  private static void checkpoint(TestCluster.Node node) {
    try {
      node.local().snapshot(TestCluster.TIMEOUT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A checkpoint in the middle of a load, and the load's commit. */
  Stream<DynamicTest> load(IntPredicate chosen) throws SQLException, IOException {
    byte[] file = Files.readAllBytes(CountedWrites.database(folder.resolve("loaded"), LOADED));
    Lones lones = new Lones("load");
    Row row = step -> both(end -> loads(lones.of(end), step, file));
    return everyStep("load", row, lones, chosen);
  }

  private static boolean loads(Lone lone, int step, byte[] file) {
    lone.writes.make(1);
    Load load = new Load(lone.cluster, step, file);
    load.begin();
    boolean died =
        lone.diesIn(
            step,
            () -> {
              load.firstHalf();
              lone.node.local().snapshot(TestCluster.TIMEOUT);
              load.secondHalf();
              load.commit();
            });
    if (!load.done(lone.node)) {
      assertThat(died).isTrue();
      lone.writes.verify(lone.node);
      load.goOn(lone.node);
    }
    lone.writes.replaced(LOADED);
    lone.writes.verify(lone.node);
    lone.writes.make(1).verify(lone.node);
    return died;
  }

  /** Kills one node and takes the power from another, at the same time. */
  private static boolean both(Predicate<End> row) {
    CompletableFuture<Boolean> loss =
        CompletableFuture.supplyAsync(
            () -> row.test(End.POWER_LOSS), work -> Thread.ofPlatform().start(work));
    boolean killed;
    try {
      killed = row.test(End.KILL);
    } catch (RuntimeException | Error e) {
      Boolean _ = loss.exceptionally(_ -> false).join();
      throw e;
    }
    return loss.join() || killed;
  }

  /** A node for each end. */
  private final class Lones implements AutoCloseable {
    private final Lone killed;
    private final Lone withoutPower;

    Lones(String name) {
      killed = new Lone(name, End.KILL);
      withoutPower = new Lone(name, End.POWER_LOSS);
    }

    Lone of(End end) {
      return end == End.KILL ? killed : withoutPower;
    }

    @Override
    public void close() {
      killed.cluster.close();
      withoutPower.cluster.close();
    }
  }

  /** The disk that loses its power; null when the node is killed only. */
  private static @Nullable PowerLossFiles disk(TestCluster.Node node, End end) {
    try {
      PowerLossFiles disk = end == End.KILL ? null : new PowerLossFiles(node.folder());
      TestCluster.Node _ = node.on(disk == null ? new DiskFiles() : disk);
      return disk;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A node of its own that has died many times. */
  private final class Lone {
    final TestCluster cluster;
    final TestCluster.Node node;
    final CountedWrites writes;
    private final End end;
    private @Nullable PowerLossFiles disk;

    Lone(String name, End end) {
      this.end = end;
      cluster = lone(name + end);
      node = cluster.node(1);
      disk = disk(node, end);
      TestCluster _ = cluster.startAll();
      writes = new CountedWrites(cluster);
    }

    interface Work {
      void run() throws IOException;
    }

    boolean diesIn(int step, Work work) {
      node.files().arm(step);
      CompletableFuture<Void> done = new CompletableFuture<>();
      Thread.ofPlatform()
          .daemon()
          .start(() -> {
            try {
              work.run();
              done.complete(null);
            } catch (IOException | RuntimeException e) {
              done.completeExceptionally(e);
            }
          });
      boolean died = endsOr(node, done::isDone);
      if (died) {
        end(node, disk, step);
        disk = disk(node, end);
        node.start();
        cluster.awaitServing();
      } else {
        Void _ = done.join();
        node.files().revive();
      }
      return died;
    }
  }

  private static boolean endsOr(
      TestCluster.Node node, java.util.concurrent.Callable<Boolean> through) {
    Waiting.await("death or the end of the work")
        .ignoreExceptions()
        .until(() -> node.files().dead() || through.call());
    return node.files().dead();
  }

  private void end(TestCluster.Node node, @Nullable PowerLossFiles disk, int step) {
    Path lost = folder.resolve("lost");
    try {
      if (disk != null) {
        disk.lose(step % 2 == 0 ? 0 : step + 2, lost);
      }
      node.die();
      if (disk != null) {
        for (Path file : filesIn(node.folder())) {
          Files.delete(file);
        }
        for (Path file : filesIn(lost)) {
          Files.move(file, node.folder().resolve(file.getFileName()));
        }
      }
      unlock(node.folder().resolve("raft"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** A group that Ratis failed to add stays locked in this JVM, which a dead one would not do. */
  private static void unlock(Path raft) throws IOException {
    if (Files.isDirectory(raft)) {
      try (Stream<Path> files = Files.walk(raft)) {
        for (Path lock : files.filter(file -> file.endsWith("in_use.lock")).toList()) {
          Files.delete(lock);
        }
      }
    }
  }

  // --- one of three ---

  /** A node with an empty disk enters a cluster whose log is cut. */
  Stream<DynamicTest> admission(IntPredicate chosen) {
    TestCluster cluster =
        TestCluster.of(folder.resolve("admission"), 3).withSnapshotEvery(5).startAll();
    CountedWrites writes = new CountedWrites(cluster).make(3);
    Row row =
        step -> {
          TestCluster.Node node = cluster.follower();
          node.die();
          cutLog(cluster, writes);
          node.wipe();
          return diesInStart(cluster, node, step, writes);
        };
    return everyStep("admission", row, cluster, chosen);
  }

  /** A node that was away takes the leader's copy. */
  Stream<DynamicTest> install(IntPredicate chosen) {
    TestCluster cluster =
        TestCluster.of(folder.resolve("install"), 3).withSnapshotEvery(5).startAll();
    CountedWrites writes = new CountedWrites(cluster).make(3);
    Row row =
        step -> {
          TestCluster.Node node = cluster.follower();
          node.die();
          cutLog(cluster, writes);
          return diesInStart(cluster, node, step, writes);
        };
    return everyStep("install", row, cluster, chosen);
  }

  private boolean diesInStart(
      TestCluster cluster, TestCluster.Node node, int step, CountedWrites writes) {
    node.files().arm(step);
    node.start();
    boolean died = endsOr(node, () -> voter(node) && hasCaughtUp(cluster, node));
    if (died) {
      end(node, null, step);
      // A lease ends by itself when nobody has read for a while.
      cluster.running().forEach(other -> other.raft().leases().closeAll());
      writes.make(1);
      node.start();
    } else {
      node.files().revive();
    }
    Waiting.await(node.id() + " serves again").until(() -> voter(node) && node.serves());
    writes.make(1);
    cluster.assertEqualContents();
    writes.verify(node);
    return died;
  }

  private static boolean voter(TestCluster.Node node) {
    return node.raft().status().phase() == NodeStatus.Phase.RUNNING
        && node.raft().status().members().stream()
            .anyMatch(member -> member.id().equals(node.id()) && member.voter());
  }

  private static boolean hasCaughtUp(TestCluster cluster, TestCluster.Node node) {
    return node.raft().state().appliedIndex()
        >= cluster.awaitLeader().raft().status().lastLogIndex();
  }

  /** So that no running node's log reaches back to where another has stopped. */
  private static void cutLog(TestCluster cluster, CountedWrites writes) {
    long stopped = cluster.awaitLeader().raft().status().lastLogIndex();
    for (int round = 0; round < 2; round++) {
      writes.make(6);
      cluster.moveLeadership();
    }
    Waiting.await("a log that begins behind " + stopped)
        .until(() -> {
          writes.make(1);
          return cluster.running().allMatch(node -> start(node) > stopped);
        });
  }

  private static long start(TestCluster.Node node) {
    return node.local().division().map(d -> d.getRaftLog().getStartIndex()).orElse(-1L);
  }

  /** A database on its way through the log, in two chunks. */
  private record Load(TestCluster cluster, long id, byte[] file) {

    void begin() {
      String sha256 = HexFormat.of().formatHex(OpenLoad.newSha256().digest(file));
      cluster.append(
          new LogCommand.LoadBegin(id, LoadKind.DATABASE, -1, file.length, sha256, true));
    }

    private byte[] half(boolean first) {
      int middle = file.length / 2;
      return Arrays.copyOfRange(file, first ? 0 : middle, first ? middle : file.length);
    }

    void firstHalf() {
      chunk(0, half(true));
    }

    void secondHalf() {
      chunk(file.length / 2, half(false));
    }

    private void chunk(long offset, byte[] bytes) {
      cluster.append(
          new LogCommand.LoadChunk(
              id, offset, bytes.length, Packing.ZSTD, LoadBytes.pack(bytes, Packing.ZSTD)));
    }

    void commit() {
      String chain = OpenLoad.chain(OpenLoad.chain("", half(true)), half(false));
      cluster.append(new LogCommand.LoadCommit(id, chain, 1, id, 50_000_000, null, null));
    }

    boolean done(TestCluster.Node node) {
      return node.local().payload().load() == null;
    }

    /** From where the log has it. */
    void goOn(TestCluster.Node node) {
      long received =
          java.util.Objects.requireNonNull(node.local().payload().load()).receivedBytes();
      if (received == 0) {
        firstHalf();
      }
      if (received < file.length) {
        secondHalf();
      }
      commit();
    }
  }
}
