package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.RqliteClient;
import io.liferaft.support.Waiting;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writers at all nodes of a cluster: each row has a number of its own, and it is written down what
 * was acknowledged and what was refused as certainly not done. Everything else has an unknown fate.
 */
final class AcknowledgedWrites {

  private final List<LiferaftProcess> nodes;
  private final int writers;
  private final AtomicInteger next = new AtomicInteger();
  private final Queue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
  private final Queue<Integer> refused = new ConcurrentLinkedQueue<>();

  AcknowledgedWrites(List<LiferaftProcess> nodes, int writers) {
    this.nodes = nodes;
    this.writers = writers;
    // Values that each node would make by itself, did the entry not bring them.
    JsonNode _ =
        nodes
            .getFirst()
            .client()
            .execute(
                "CREATE TABLE w(id INTEGER, noise INTEGER DEFAULT (random()), at TEXT DEFAULT CURRENT_TIMESTAMP, b BLOB DEFAULT (randomblob(20)))");
  }

  /** What goes on while the writers write. */
  interface Trouble {
    void make() throws Exception;
  }

  /** Writes from all sides until the trouble is over. */
  void during(Trouble trouble) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService running = Executors.newFixedThreadPool(writers)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        RqliteClient client = nodes.get(i % nodes.size()).client();
        all.add(
            running.submit(() -> {
              while (!stop.get()) {
                if (!write(client)) {
                  Waiting.await("a node to write to").until(() -> stop.get() || client.ready());
                }
              }
            }));
      }
      try {
        trouble.make();
      } finally {
        stop.set(true);
      }
      for (Future<?> each : all) {
        Object _ = each.get();
      }
    }
  }

  /** Waits until so many more rows were acknowledged. */
  void awaitMore(int count) {
    int target = acknowledged.size() + count;
    Waiting.await("%d acknowledged writes".formatted(target))
        .until(() -> acknowledged.size() >= target);
  }

  /** Whether it was taken. */
  private boolean write(RqliteClient client) {
    int id = next.incrementAndGet();
    RqliteClient.Answer answer =
        client.post("/db/execute?timeout=5s", "[\"INSERT INTO w(id) VALUES(%d)\"]".formatted(id));
    if (answer.status() == 200) {
      assertThat(answer.body()).doesNotContain("error");
      acknowledged.add(id);
    } else if (answer.status() == 503 && !answer.body().contains("unknown")) {
      refused.add(id);
    } else {
      assertThat(answer.status()).as(answer.body()).isIn(0, 503);
    }
    return answer.status() == 200;
  }

  /** Every acknowledged row once, none that was refused, and the same on all nodes. */
  void verify() {
    JsonNode rows =
        JsonMapper.builder()
            .build()
            .readTree(nodes.getFirst().client().query("strong", "SELECT id FROM w ORDER BY id"));
    // There are hundreds of thousands after forty kills: each number is looked at once.
    BitSet stored = new BitSet();
    List<Integer> doubled = new ArrayList<>();
    for (JsonNode row : rows) {
      int id = row.path(0).asInt();
      if (stored.get(id)) {
        doubled.add(id);
      }
      stored.set(id);
    }
    assertThat(doubled).as("stored more than once").isEmpty();
    assertThat(acknowledged.stream().filter(id -> !stored.get(id)))
        .as("acknowledged and lost")
        .isEmpty();
    assertThat(refused.stream().filter(stored::get)).as("refused as certainly not done").isEmpty();
  }

  /** What was acknowledged so far. */
  List<Integer> acknowledged() {
    return List.copyOf(acknowledged);
  }

  /** For the message of a failure. */
  @Override
  public String toString() {
    return "%d acknowledged, %d refused, %d of unknown fate"
        .formatted(
            acknowledged.size(), refused.size(), next.get() - acknowledged.size() - refused.size());
  }
}
