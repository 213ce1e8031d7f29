package io.liferaft.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.ChangesRecord;
import io.liferaft.raft.LeadershipChanged;
import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.RowChange;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.support.ChangeEndpoint;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The leader sends in order until it is acknowledged; others let go of what has been delivered. */
class ChangeSenderTests {

  @TempDir Path folder;
  private final TestRaftNode raft = new TestRaftNode();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ChangeEndpoint endpoint = new ChangeEndpoint();
  private @Nullable ChangeQueue queue;
  private @Nullable ChangeSender sender;

  @AfterEach
  void close() {
    if (sender != null) {
      sender.stop();
    }
    if (queue != null) {
      queue.close();
    }
    endpoint.close();
  }

  private void start(String more) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("cdc.json"),
            """
            {"endpoint":"%s","service_id":"svc","max_batch_delay":"1ms",
             "high_watermark_interval":"10ms","transmit_min_backoff":"10ms",
             "transmit_max_backoff":"40ms"%s}\
            """
                .formatted(endpoint.address(), more));
    CdcConfig config = Objects.requireNonNull(CdcConfig.of(file.toString()));
    ChangeQueue made = new ChangeQueue(config, new DiskFiles());
    made.begin(folder, -1, true);
    queue = made;
    ChangeSender starting =
        new ChangeSender(
            config, made, raft, new HttpReceiver(config), new CdcMetrics(registry, made));
    sender = starting;
    starting.start();
  }

  private ChangeQueue queue() {
    return Objects.requireNonNull(queue);
  }

  private CdcStatus status() {
    return Objects.requireNonNull(sender).status();
  }

  private void write(long index) throws IOException {
    queue().cut();
    queue()
        .add(
            new SqlEntry(List.of(), false, SqlForm.EXECUTE, 1, 0, 0, false, index),
            new RowChange(
                RowChange.Kind.DELETE, "t", List.of("a"), index, 0, List.of(index), null));
    queue().publish();
  }

  private List<Long> awaitIndexes(int count) {
    return Waiting.await(count + " commits")
        .until(endpoint::indexes, indexes -> indexes.size() >= count);
  }

  @Test
  void sendsInOrderAndRecordsHowFar() throws IOException {
    start(",\"max_batch_size\":3");
    for (long index = 0; index < 20; index++) {
      write(index);
    }

    assertThat(awaitIndexes(20)).containsExactlyElementsOf(endpoint.upTo(20));
    assertThat(endpoint.batches())
        .allSatisfy(batch -> assertThat(batch.path("payload").size()).isLessThanOrEqualTo(3))
        .allSatisfy(batch -> assertThat(batch.path("service_id").asString()).isEqualTo("svc"))
        .allSatisfy(batch -> assertThat(batch.path("node_id").asString()).isEqualTo("n1"));
    Waiting.await("the mark").until(() -> raft.state.changes().deliveredIndex() == 19);
    assertThat(raft.calls).contains("capture true");
    assertThat(status().highWaterMark()).isEqualTo(20);
    assertThat(status().length()).isZero();
    assertThat(registry.get("liferaft.cdc.events").counter().count()).isEqualTo(20);
  }

  @Test
  void triesAgainUntilItIsAcknowledged() throws IOException {
    endpoint.answer(503);
    start(",\"transmit_retry_policy\":1");
    write(0);
    write(1);
    Waiting.await("some attempts").until(() -> endpoint.refused() > 3);
    assertThat(status().problem()).isEqualTo("the endpoint answered 503");
    assertThat(status().length()).isEqualTo(2);
    endpoint.answer(202);

    assertThat(awaitIndexes(2)).containsExactly(1L, 2L);
    Waiting.await("no problem").until(() -> status().problem() == null);
  }

  @Test
  void dropsABatchOnlyWhenItWasTold() throws IOException {
    endpoint.answer(500);
    start(",\"transmit_max_retries\":2,\"max_batch_size\":1");
    write(0);
    Waiting.await("the batch is given up").until(() -> status().length() == 0);
    assertThat(endpoint.refused()).isEqualTo(3);
    assertThat(registry.get("liferaft.cdc.dropped").counter().count()).isEqualTo(1);
    endpoint.answer(200);
    write(1);

    assertThat(awaitIndexes(1)).containsExactly(2L);
  }

  @Test
  void aFollowerSendsNothingAndALeaderGoesOnBehindTheMark() throws IOException {
    raft.status = TestRaftNode.following();
    raft.changes(new ChangesRecord(true, 0, -1));
    start("");
    for (long index = 0; index < 5; index++) {
      write(index);
    }
    raft.changes(new ChangesRecord(true, 0, 2));
    Waiting.await("what was delivered goes").until(() -> status().length() == 2);
    assertThat(endpoint.indexes()).isEmpty();
    assertThat(status().highWaterMark()).isEqualTo(3);

    raft.status = TestRaftNode.leading();

    assertThat(awaitIndexes(2)).containsExactly(4L, 5L);
    assertThat(raft.calls).doesNotContain("capture true");
  }

  @Test
  void aNodeThatLosesLeadershipStopsTrying() throws IOException {
    endpoint.answer(503);
    start("");
    write(0);
    Waiting.await("an attempt").until(() -> endpoint.refused() > 0);
    raft.status = TestRaftNode.following();
    Waiting.await("it follows").until(() -> status().problem() == null);
    endpoint.answer(200);
    raft.changes(new ChangesRecord(true, 0, 0));
    Waiting.await("the other has delivered it").until(() -> status().length() == 0);

    assertThat(endpoint.indexes()).isEmpty();
  }

  @Test
  void aLeaderThatLacksChangesAsksAnotherNodeToLead() throws IOException {
    raft.status = TestRaftNode.following();
    raft.changes(new ChangesRecord(true, 0, 4));
    start("");
    queue().begin(folder, 10, false);
    write(11);
    raft.transfer =
        _ -> {
          raft.status = TestRaftNode.following();
          return null;
        };
    raft.status = TestRaftNode.leading();
    Waiting.await("another leads").until(() -> !raft.status.leads());
    assertThat(registry.get("liferaft.cdc.gaps").counter().count()).isEqualTo(1);
    assertThat(endpoint.indexes()).isEmpty();

    raft.status = TestRaftNode.leading();

    assertThat(awaitIndexes(1)).as("but only once").containsExactly(12L);
  }

  @Test
  void aLeaderThatIsToSendNothingEndsTheCapture() {
    raft.changes(new ChangesRecord(true, 0, 7));
    ChangeFeed feed = new ChangeFeed(raft, null, null);

    feed.leadershipChanged(new LeadershipChanged("n2", false, 3));
    feed.leadershipChanged(new LeadershipChanged("n1", true, 4));

    Waiting.await("the end of the capture").until(() -> !raft.state.changes().captured());
    assertThat(feed.status()).isEmpty();
  }
}
