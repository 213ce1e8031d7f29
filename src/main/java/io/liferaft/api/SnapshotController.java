package io.liferaft.api;

import io.liferaft.raft.RaftNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** {@code /snapshot} and {@code /reap}: they concern this node alone, whoever leads. */
final class SnapshotController {

  /** There is one snapshot, the main database file, so there never is another to merge it with. */
  private static final byte[] NOTHING_REAPED =
      "{\"snapshots_reaped\":0,\"wals_checkpointed\":0}\n".getBytes(StandardCharsets.US_ASCII);

  private final RaftNode raft;

  SnapshotController(RaftNode raft) {
    this.raft = raft;
  }

  void snapshot(Exchange exchange) {
    exchange.empty(raft.snapshot(exchange.parameters().timeout()) ? 200 : 204);
  }

  void reap(Exchange exchange) throws IOException {
    exchange.contentType(ContentTypes.JSON);
    exchange.response().setContentLength(NOTHING_REAPED.length);
    exchange.response().getOutputStream().write(NOTHING_REAPED);
  }
}
