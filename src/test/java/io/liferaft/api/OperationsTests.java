package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.raft.NotReadyException;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.support.TestRaftNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** {@code /snapshot} and {@code /reap}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperationsTests {

  @AutoClose private ApiServer server;
  private TestRaftNode raft;

  @BeforeAll
  void start(@TempDir Path folder) {
    server = new ApiServer(folder);
    raft = server.raft;
  }

  @BeforeEach
  void reset() {
    raft.reset();
  }

  @Test
  void takesASnapshotOfThisNode() throws IOException {
    raft.status = TestRaftNode.following();

    RawHttp.Answer answer = server.http.post("/snapshot?trailing_logs=10&redirect", "");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
    assertThat(answer.header("X-Rqlite-Served-By")).isEmpty();
    assertThat(raft.calls).containsExactly("snapshot PT30S");
  }

  @Test
  void saysThatThereIsNothingNewForASnapshot() throws IOException {
    raft.snapshot = () -> false;

    RawHttp.Answer answer = server.http.post("/snapshot", "");

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.text()).isEmpty();
  }

  @Test
  void saysWhyThereIsNoSnapshot() throws IOException {
    raft.snapshot =
        () -> {
          throw new SqliteException("snapshot: the disk is full", null);
        };
    RawHttp.Answer failed = server.http.post("/snapshot", "");
    assertThat(failed.status()).isEqualTo(500);
    assertThat(failed.text()).isEqualTo("snapshot: the disk is full\n");

    raft.snapshot =
        () -> {
          throw new NotReadyException("store not open", Duration.ofSeconds(1));
        };
    RawHttp.Answer early = server.http.post("/snapshot", "");
    assertThat(early.status()).isEqualTo(503);
    assertThat(early.text()).isEqualTo("store not open\n");
    assertThat(early.header("Retry-After")).containsExactly("1");
  }

  @Test
  void looksAtTheRequestForASnapshotFirst() throws IOException {
    RawHttp.Answer malformed = server.http.post("/snapshot?trailing_logs=x", "");
    assertThat(malformed.status()).isEqualTo(400);
    assertThat(malformed.text()).isEqualTo("trailing_logs is not a valid integer\n");
    assertThat(server.http.get("/snapshot").status()).isEqualTo(405);
    assertThat(server.http.post("/snapshots", "").status()).isEqualTo(404);
    assertThat(raft.calls).isEmpty();
  }

  @Test
  void hasNoOldSnapshotsToReap() throws IOException {
    RawHttp.Answer answer = server.http.post("/reap", "");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).containsExactly("application/json; charset=utf-8");
    assertThat(answer.text()).isEqualTo("{\"snapshots_reaped\":0,\"wals_checkpointed\":0}\n");
    assertThat(server.http.get("/reap").status()).isEqualTo(405);
  }
}
