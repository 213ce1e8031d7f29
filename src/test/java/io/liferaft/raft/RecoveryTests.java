package io.liferaft.raft;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.FileSystemUtils;

/**
 * {@code liferaftd recover}: two of three disks are lost, one member goes on. All tests begin with
 * the disks of the same three nodes: the log has been cut, and one of them, which led, has an entry
 * at its end that nobody else has.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("RecoveryTests")
class RecoveryTests {

  @TempDir private static Path folder;

  private static TestCluster cluster;
  private static TestCluster.Node survivor;
  private static Path disks;
  private static String all = "";

  @BeforeAll
  static void makeDisks() throws Exception {
    cluster = TestCluster.of(folder.resolve("nodes"), 3).withSnapshotEvery(7).startAll();
    survivor = cluster.awaitLeader();
    SqlReply _ = survivor.execute("CREATE TABLE t(x INTEGER)");
    for (int i = 1; i <= 12; i++) {
      SqlReply _ = survivor.execute("INSERT INTO t VALUES(%d)".formatted(i));
    }
    cluster.assertEqualContents();
    CompletableFuture<Integer> unknown = CompletableFuture.supplyAsync(RecoveryTests::write);
    others().forEach(TestCluster.Node::stop);
    all = IntStream.rangeClosed(1, unknown.join()).mapToObj(String::valueOf).collect(joining(","));
    survivor.crash();
    disks = folder.resolve("disks");
    copy(folder.resolve("nodes"), disks);
  }

  /** Writes on until an entry is in the log that nobody acknowledges; returns what it holds. */
  private static int write() {
    for (int i = 13; ; i++) {
      try {
        SqlReply _ = survivor.execute("INSERT INTO t VALUES(%d)".formatted(i));
      } catch (CommitUnknownException _) {
        return i;
      }
    }
  }

  private static List<TestCluster.Node> others() {
    return cluster.nodes().stream().filter(node -> node != survivor).toList();
  }

  @BeforeEach
  void theSameDisks() throws IOException {
    cluster.close();
    FileSystemUtils.deleteRecursively(folder.resolve("nodes"));
    copy(disks, folder.resolve("nodes"));
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  /** rqlite's way to say the same. */
  @Test
  void aPeersFileOfOneNodeIsObeyedOnce() throws Exception {
    others().forEach(TestCluster.Node::wipe);
    Path file = PeersFile.in(survivor.folder());
    Files.writeString(
        file,
        "[{\"id\":\"%s\",\"address\":\"%s\",\"non_voter\":false}]"
            .formatted(survivor.id(), survivor.address()));

    survivor.start();

    Waiting.await("the survivor serves alone").until(survivor::serves);
    assertThat(survivor.read(ReadLevel.LINEARIZABLE, "SELECT group_concat(x) FROM t"))
        .isEqualTo(all);
    assertThat(survivor.raft().status().members()).hasSize(1);
    assertThat(file).doesNotExist();
    assertThat(survivor.folder().resolve("peers.info")).exists();
    others().forEach(TestCluster.Node::start);
    awaitThreeVoters();
  }

  @Test
  void keepsWhatWasNotKnownToBeCommittedAndAdmitsTheOthers() throws Exception {
    others().forEach(TestCluster.Node::wipe);

    Recovery.Outcome done = new Recovery(survivor.folder()).run();

    assertThat(done.formerGroup()).isNotNull();
    assertThat(done.group()).isNotEqualTo(done.formerGroup());
    assertThat(done.others())
        .containsExactlyElementsOf(others().stream().map(TestCluster.Node::id).toList());
    survivor.start();
    Waiting.await("the survivor serves alone").until(survivor::serves);
    assertThat(survivor.read(ReadLevel.LINEARIZABLE, "SELECT group_concat(x) FROM t"))
        .isEqualTo(all);
    assertThat(survivor.raft().state().formerGroups()).containsExactly(done.formerGroup());
    assertThat(survivor.raft().status().members()).hasSize(1);

    others().forEach(TestCluster.Node::start);

    awaitThreeVoters();
    cluster.follower().execute("INSERT INTO t VALUES(1000)");
    cluster.assertEqualContents();
    assertThat(cluster.nodes())
        .allSatisfy(node ->
            assertThat(node.raft().state().formerGroups()).containsExactly(done.formerGroup()));

    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().forEach(TestCluster.Node::start);

    cluster.awaitServing();
    cluster.follower().execute("INSERT INTO t VALUES(1001)");
    cluster.assertEqualContents();
    recoversOneWhoseDatabaseCameByACopy();
  }

  private static void recoversOneWhoseDatabaseCameByACopy() throws Exception {
    TestCluster.Node copied = others().getFirst();
    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().stream().filter(node -> node != copied).forEach(TestCluster.Node::wipe);

    Recovery.Outcome done = new Recovery(copied.folder()).run();

    copied.start();
    Waiting.await("it serves").until(copied::serves);
    assertThat(copied.read(ReadLevel.WEAK, "SELECT group_concat(x) FROM t"))
        .isEqualTo(all + ",1000,1001");
    assertThat(copied.raft().state().formerGroups()).hasSize(2).contains(done.formerGroup());
  }

  private static void awaitThreeVoters() {
    Waiting.await("three voters that serve")
        .until(() ->
            cluster.running().filter(TestCluster.Node::serves).count() == 3
                && cluster.awaitLeader().raft().status().members().stream()
                        .filter(NodeStatus.Member::voter)
                        .count()
                    == 3);
  }

  @Test
  void aKillInTheMiddleOfWritingLeavesTheOldState() throws Exception {
    Path half = survivor.folder().resolve("raft-recovering/some-group/current");
    Files.createDirectories(half);
    Files.writeString(half.resolve("raft-meta"), "te");

    survivor.start();
    Waiting.await("it is still a member of three")
        .until(() -> survivor.raft().status().members().size() == 3);
    assertThat(survivor.serves()).isFalse();
    survivor.stop();

    assertThat(new Recovery(survivor.folder()).run().formerGroup()).isNotNull();
    assertThat(survivor.folder().resolve("raft-recovering")).doesNotExist();
    goesOnWithEverything();
  }

  /** From the one rename on the new state counts, however far its tidying has come. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aKillAfterwardsLeavesTheNewState(boolean formerHasLeft) throws Exception {
    Path data = survivor.folder();
    Recovery.Outcome first = new Recovery(data).run();
    Files.move(data.resolve("raft"), data.resolve("raft-recovered"));
    if (!formerHasLeft) {
      Path former = Path.of(String.valueOf(first.formerGroup()));
      Files.createDirectory(data.resolve("raft"));
      Files.move(
          data.resolve("raft-removed").resolve(former), data.resolve("raft").resolve(former));
    }
    Path again = folder.resolve("again");
    FileSystemUtils.deleteRecursively(again);
    copy(data, again);

    Recovery.Outcome second = new Recovery(again).run();

    assertThat(second.formerGroup()).as("nothing more to do").isNull();
    assertThat(second.group()).isEqualTo(first.group());
    goesOnWithEverything();
    assertThat(data.resolve("raft-recovered")).doesNotExist();
  }

  private static void goesOnWithEverything() {
    survivor.start();
    Waiting.await("it serves alone").until(survivor::serves);
    assertThat(survivor.read(ReadLevel.LINEARIZABLE, "SELECT group_concat(x) FROM t"))
        .isEqualTo(all);
  }

  @Test
  void aSecondRunChangesNothing() throws Exception {
    Said first = recover(survivor.folder());
    Map<String, Long> before = files(survivor.folder());

    Said second = recover(survivor.folder());

    assertThat(first.status()).isZero();
    assertThat(first.text())
        .contains("Node " + survivor.id() + " at " + survivor.address())
        .contains("cluster group before", "cluster group now", "every log entry up to index")
        .contains("had acknowledged and that never reached this disk are gone")
        .contains("empty data directories: they are admitted");
    assertThat(second.status()).isZero();
    assertThat(second.text()).contains("is the only member", "nothing to do");
    assertThat(files(survivor.folder())).isEqualTo(before);
  }

  @Test
  void refusesWhatIsNoMembersDataAndChangesNothing() throws Exception {
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("readme"), "not ours");
    refused(folder.resolve("nowhere"), "is no directory");
    refused(other, "is no data directory of Liferaft");
    refused(damaged("identity", "node.properties"), "lacks id, incarnation or raft-address");
    refused(damaged("meta", "raft-meta"), "the log in", "is damaged", "raft-meta");
    refused(damaged("log", "log_"), "the log in", "is damaged", "log_");
    refused(damaged("record", "snapshot.record"), "the database in", "cannot be used");
    Path without = copyOfDisk("without");
    FileSystemUtils.deleteRecursively(without.resolve("raft"));
    refused(without, "holds no log");
    Path touched = copyOfDisk("touched");
    TestCluster.touch(touched);
    refused(touched, "Another program has changed it");

    survivor.start();
    Waiting.await("it has opened").until(() -> survivor.local().server().isPresent());
    refused(survivor.folder(), "is in use: stop the node " + survivor.id() + " first");
    survivor.stop();
    survivor.wipe();
    survivor.start();
    Waiting.await("it has opened").until(() -> survivor.local().server().isPresent());
    survivor.stop();
    refused(survivor.folder(), "is fresh: node " + survivor.id() + " was never in a cluster");
  }

  @Test
  void saysHowItIsUsed() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    assertThat(run(List.of("--help"), out, err)).isZero();
    assertThat(run(List.of(), out, err)).isEqualTo(2);
    assertThat(run(List.of("a", "b"), out, err)).isEqualTo(2);

    assertThat(out.toString(StandardCharsets.UTF_8)).contains("Usage: liferaftd recover DATA_DIR");
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("one data directory is wanted");
  }

  @Test
  void oldDisksOfTheOthersAreRefusedThoughTheyAreAMajority() throws Exception {
    Recovery.Outcome done = new Recovery(survivor.folder()).run();
    goesOnWithEverything();

    others().forEach(TestCluster.Node::start);

    for (TestCluster.Node node : others()) {
      node.awaitProblem("was given up by `liferaftd recover`");
      assertThat(node.raft().status().phase()).isEqualTo(NodeStatus.Phase.FAILED);
      assertThat(node.raft().status().problem()).contains(done.group(), "empty one");
    }
    assertThat(survivor.raft().status().members()).hasSize(1);

    for (TestCluster.Node node : others()) {
      node.stop();
      node.wipe();
      node.start();
    }
    awaitThreeVoters();
    cluster.assertEqualContents();
    assertThat(others().getFirst().local("SELECT group_concat(x) FROM t")).isEqualTo(all);
  }

  @Test
  void aNodeRecoveredByMistakeStandsAsideForTheClusterThatLives() throws Exception {
    others().forEach(TestCluster.Node::start);
    Waiting.await("the others serve without it")
        .until(() -> others().stream().allMatch(TestCluster.Node::serves));
    Recovery.Outcome done = new Recovery(survivor.folder()).run();

    survivor.start();

    survivor.awaitProblem("is in cluster group " + done.formerGroup());
    assertThat(survivor.serves()).isFalse();
    SqlReply _ = cluster.awaitLeader().execute("INSERT INTO t VALUES(1000)");
    assertThat(cluster.awaitLeader()).isNotSameAs(survivor);
  }

  private record Said(int status, String text) {}

  private static Said recover(Path dataDir) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int status = run(List.of(dataDir.toString()), said, said);
    return new Said(status, said.toString(StandardCharsets.UTF_8));
  }

  private static int run(
      List<String> arguments, ByteArrayOutputStream out, ByteArrayOutputStream err) {
    return RecoverCommand.run(
        arguments,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private static void refused(Path dataDir, String... parts) throws IOException {
    Map<String, Long> before = files(dataDir);

    Said said = recover(dataDir);

    assertThat(said.text()).startsWith("liferaftd recover: ").contains(parts).hasLineCount(1);
    assertThat(said.status()).isEqualTo(1);
    assertThat(files(dataDir)).isEqualTo(before);
    assertThatThrownBy(() -> new Recovery(dataDir).run()).isInstanceOf(Recovery.Refused.class);
  }

  /** Paths with sizes, but for lock files, which are nobody's data. */
  private static Map<String, Long> files(Path dataDir) throws IOException {
    Map<String, Long> found = new TreeMap<>();
    if (Files.exists(dataDir)) {
      try (Stream<Path> files = Files.walk(dataDir)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          if (!file.getFileName().toString().endsWith("lock")) {
            found.put(dataDir.relativize(file).toString(), Files.size(file));
          }
        }
      }
    }
    return found;
  }

  private static Path copyOfDisk(String name) throws IOException {
    Path copy = folder.resolve(name);
    copy(survivor.folder(), copy);
    return copy;
  }

  /** With the times of the files, as a copy of a disk has them. */
  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path _ = Files.copy(file, to.resolve(from.relativize(file)), COPY_ATTRIBUTES);
      }
    }
  }

  private static Path damaged(String name, String prefix) throws IOException {
    Path copy = copyOfDisk(name);
    try (Stream<Path> files = Files.walk(copy)) {
      Path file =
          files
              .filter(Files::isRegularFile)
              .filter(found -> found.getFileName().toString().startsWith(prefix))
              .min(java.util.Comparator.naturalOrder())
              .orElseThrow();
      byte[] bytes = Files.readAllBytes(file);
      java.util.Arrays.fill(bytes, 0, Math.min(bytes.length, 200), (byte) 'x');
      Files.write(file, bytes);
    }
    return copy;
  }
}
