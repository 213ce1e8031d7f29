package io.liferaft;

import static io.liferaft.RestoreCluster.BUCKET;
import static io.liferaft.RestoreCluster.KEY;
import static io.liferaft.RestoreCluster.restore;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.StartWatch;
import io.liferaft.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One life of three fresh nodes whose store fails in every way, one after the other: they wait, say
 * why, serve nobody, put nothing, and are restored once it is well. The methods are steps: a fault
 * that is taken for something else fails those behind it, too.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("RestoreFaultsIT")
class RestoreFaultsIT {

  @TempDir private static Path folder;

  private RestoreCluster nodes;
  private StartWatch watch;
  private BackupObject plain;

  /** What a store may do, and what the nodes are to say. */
  @SuppressWarnings("ImmutableEnumChecker") // lambdas that capture nothing, lists of constants
  enum Trouble {
    DENIED(
        (nodes, _) -> nodes.everyWay(way -> way.when("*").answer(403, "AccessDenied")),
        "is denied",
        "grant s3:GetObject",
        "s3:ListBucket"),
    REFUSED_CONNECTION((nodes, _) -> nodes.everyWay(FaultyS3::stop), "cannot be reached"),
    NO_BUCKET(
        (nodes, _) -> {
          var _ = nodes.s3.deleteObject(b -> b.bucket(BUCKET).key(KEY));
          var _ = nodes.s3.deleteBucket(b -> b.bucket(BUCKET));
        },
        "does not exist: create or mount it"),
    TIME_OUT(
        (nodes, _) -> nodes.everyWay(way -> way.when("HEAD").delay(Duration.ofMinutes(10))),
        "does not answer in time",
        "no answer in time"),
    DELETE_MARKER(
        (nodes, _) ->
            nodes.everyWay(
                way -> way.when("HEAD").key(KEY).answer(404, "", "x-amz-delete-marker: true")),
        "has been deleted",
        "delete marker"),
    SERVER_ERROR(
        (nodes, _) -> nodes.everyWay(way -> way.when("*").answer(500, "InternalError")),
        "cannot be reached or does not answer in time"),
    TRUNCATED(
        (nodes, plain) -> nodes.put(plain.gzip().truncated()),
        "is damaged",
        "ends too early",
        "Put a good one in its place"),
    SLOW_DOWN(
        (nodes, _) -> nodes.everyWay(way -> way.when("*").answer(503, "SlowDown")),
        "cannot be reached or does not answer in time"),
    WRONG_HASH(
        (nodes, plain) -> nodes.put(plain.gzip().with("liferaft-sha256", "0".repeat(64))),
        "is damaged",
        "sha256",
        "Put a good one in its place"),
    NO_DATABASE(
        (nodes, _) ->
            nodes.put(
                new BackupObject(
                    "no database ".repeat(1_000).getBytes(StandardCharsets.UTF_8), Map.of())),
        "is no sound SQLite database",
        "Put a good one in its place"),
    VANISHED(
        (nodes, _) -> {
          var _ = nodes.s3.deleteObject(b -> b.bucket(BUCKET).key(KEY));
        },
        "was there when the restore began and is gone"),
    CORRUPT_PAGES(
        (nodes, plain) -> nodes.put(plain.corruptPages().gzip()),
        "is no sound SQLite database",
        "Put a good one in its place"),
    CORRUPT_PAGES_WITH_THEIR_HASH(
        (nodes, plain) -> {
          BackupObject corrupt = plain.corruptPages();
          nodes.put(corrupt.gzip().with("liferaft-sha256", corrupt.sha256()));
        },
        "is no sound SQLite database",
        "Put a good one in its place");

    private final Begin begin;
    private final List<String> reason;

    Trouble(Begin begin, String... reason) {
      this.begin = begin;
      this.reason = List.of(reason);
    }

    /** Nothing but a damaged object is left: the next fault finds nobody restored. */
    void end(RestoreCluster nodes, BackupObject plain) throws Exception {
      switch (this) {
        case REFUSED_CONNECTION -> nodes.everyWay(FaultyS3::start);
        case NO_BUCKET -> {
          var _ = nodes.s3.createBucket(b -> b.bucket(BUCKET));
        }
        default -> {}
      }
      nodes.put(plain.gzip().truncated());
      nodes.everyWay(FaultyS3::heal);
    }
  }

  private interface Begin {
    void with(RestoreCluster nodes, BackupObject plain) throws Exception;
  }

  @BeforeAll
  void start() throws Exception {
    plain = BackupObject.plain(folder);
    nodes = new RestoreCluster(folder);
    nodes
        .cluster
        .with("liferaft.objectstore.s3.call-timeout=2s")
        .with("liferaft.objectstore.s3.read-timeout=1s");
    watch = BackupObject.watch(nodes.cluster.nodes(), BackupObject.ROWS);
    nodes.put(plain.gzip().truncated());
    nodes.everyWay(way -> way.when("*").answer(503, "SlowDown"));
    nodes.cluster.start();
    var _ = nodes.awaitFormed();
    var _ = nodes.awaitHeld("cannot be reached");
    nodes.everyWay(FaultyS3::heal);
    // An attempt has begun now: from here on a missing object is one that vanished.
    var _ = nodes.awaitHeld("is damaged");
  }

  @AfterAll
  void close() {
    watch.close();
    nodes.close();
  }

  @ParameterizedTest
  @EnumSource
  @Order(1)
  void holdsAndSaysWhy(Trouble trouble) throws Exception {
    trouble.begin.with(nodes, plain);
    try {
      moveLeadershipOn();
      var _ = nodes.awaitHeld(trouble.reason.toArray(String[]::new));
      watch.assertHeld();
    } finally {
      trouble.end(nodes, plain);
    }
  }

  /** The new leader's first attempt comes at once, whatever its predecessor waits for. */
  private LiferaftProcess moveLeadershipOn() {
    LiferaftProcess leader = nodes.cluster.awaitLeader();
    List<LiferaftProcess> all = nodes.cluster.nodes();
    LiferaftProcess next = all.get((all.indexOf(leader) + 1) % all.size());
    nodes.cluster.transferLeadership(next);
    return next;
  }

  @Test
  @Order(2)
  void warnsOnceACauseNotOnceAnAttemptNorOnceALeadership() throws Exception {
    Trouble.TRUNCATED.begin.with(nodes, plain);
    for (LiferaftProcess _ : nodes.cluster.nodes()) {
      moveLeadershipOn();
      var _ = nodes.awaitHeld("is damaged");
    }
    List<Integer> before =
        nodes.cluster.nodes().stream().map(node -> warnings(node).size()).toList();

    for (LiferaftProcess _ : nodes.cluster.nodes()) {
      LiferaftProcess leader = moveLeadershipOn();
      Waiting.await("attempts go on").until(() -> restore(leader).path("attempts").asInt() > 1);
    }

    assertThat(nodes.cluster.nodes())
        .extracting(node -> warnings(node).size())
        .as("warnings as before")
        .isEqualTo(before);
    watch.assertHeld();
  }

  private static List<String> warnings(LiferaftProcess node) {
    return StartWatch.warnings(node.logText());
  }

  /** The first object is replaced in mid-download, the second is cut at each tenth. */
  @Test
  @Order(3)
  void restoresOnceWhatReplacedAnotherInMidDownloadOverTenCuts() throws Exception {
    BackupObject first = BackupObject.plain(folder, BackupObject.ROWS / 2).gzip();
    BackupObject second = plain.gzip();
    nodes.put(first);
    int piece = first.bytes().length / 8;
    nodes.everyWay(way -> way.when("GET").key(KEY).holdAnswerAt(piece));
    LiferaftProcess leader = moveLeadershipOn();
    Waiting.await("the leader is in the middle of its download")
        .until(() -> restore(leader).path("bytes").asLong() >= piece);

    nodes.put(second);
    String etag = nodes.etag();
    nodes.everyWay(FaultyS3::heal);
    int before = nodes.served().size();
    long tenth = second.bytes().length / 10 + 1L;
    nodes.everyWay(way -> way.when("GET").key(KEY).cutAnswerAt(tenth));
    nodes.isRestored(BackupObject.ROWS);

    assertThat(leader.logText()).contains("was replaced while it was read");
    long at = 0;
    List<FaultyS3.Served> parts = nodes.served().stream().skip(before).toList();
    for (FaultyS3.Served part : parts) {
      assertThat(part.range()).isEqualTo(at == 0 ? "" : "bytes=" + at + "-");
      at += part.bytes().get();
    }
    assertThat(parts).as("one part a cut").hasSize(10);
    assertThat(at).as("bytes served").isEqualTo(second.bytes().length);
    assertThat(nodes.etag()).as("what lies there").isEqualTo(etag);
    Waiting.await("answers with the data").until(() -> watch.answered() > 3);
    watch.assertClean();
    assertThat(watch.everyRequestRefused()).isTrue();
    assertThat(nodes.cluster.nodes()).allMatch(LiferaftProcess::alive);
  }
}
