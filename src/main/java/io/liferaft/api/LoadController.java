package io.liferaft.api;

import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RaftNode;
import io.liferaft.raft.SqlReply;
import io.liferaft.restore.RestoreState;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /db/load}: a database file or a SQL text, told apart by the first bytes; {@code /boot}: a
 * database file for a node that is alone. The body goes through a temporary file and is never held.
 */
final class LoadController {

  private static final Logger log = LoggerFactory.getLogger(LoadController.class);

  /** What rqlite looks at before it takes a file to boot from. */
  private static final int BOOT_HEAD_BYTES = 32;

  private static final byte[] DATABASE = "SQLite format".getBytes(StandardCharsets.US_ASCII);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  private final RaftNode raft;
  private final SqlChecks checks;
  private final LeaderRedirect redirect;
  private final LoadFiles files;
  private final BodyLimit limit;
  private final ReentrantLock looking = new ReentrantLock();
  private final Supplier<RestoreState> restore;
  private final LongAdder boots = new LongAdder();

  LoadController(
      RaftNode raft,
      SqlChecks checks,
      LeaderRedirect redirect,
      LoadFiles files,
      BodyLimit limit,
      Supplier<RestoreState> restore) {
    this.raft = raft;
    this.checks = checks;
    this.redirect = redirect;
    this.files = files;
    this.limit = limit;
    this.restore = restore;
  }

  void load(Exchange exchange) throws IOException {
    refuseEarly();
    if (redirect.answered(exchange)) {
      return;
    }
    InputStream body = exchange.request().getInputStream();
    byte[] head = body.readNBytes(DATABASE.length);
    if (head.length == 0) {
      answer(exchange, new SqlReply(List.of(), null, -1, redirect.servedBy()));
      return;
    }
    if (gzip(head)) {
      throw RequestFailure.badRequest("gzip data cannot be loaded: send it uncompressed");
    }
    answer(exchange, load(exchange, head, body));
  }

  void boot(Exchange exchange) throws IOException {
    refuseEarly();
    InputStream body = exchange.request().getInputStream();
    byte[] head = body.readNBytes(BOOT_HEAD_BYTES);
    if (head.length < BOOT_HEAD_BYTES) {
      throw new RequestFailure(503, "EOF");
    }
    if (!Arrays.equals(head, 0, DATABASE.length, DATABASE, 0, DATABASE.length)) {
      throw RequestFailure.badRequest(
          gzip(head)
              ? "invalid SQLite data: gzip data cannot be loaded, send it uncompressed"
              : "invalid SQLite data");
    }
    NodeStatus status = raft.status();
    if (!status.leads()) {
      throw new RequestFailure(503, "not leader");
    }
    if (status.members().size() != 1) {
      throw new RequestFailure(503, "not single-node");
    }
    try (LoadFiles.Received received = files.receive(head, body)) {
      Duration timeout = timeout(exchange, received.sizeBytes());
      checks.verifier().verify(received.file());
      long _ = raft.loadDatabase(received.file(), timeout);
      boots.increment();
      cutLog(timeout);
    }
    exchange.empty(200);
  }

  private static boolean gzip(byte[] head) {
    return head.length >= 2 && head[0] == 0x1f && head[1] == (byte) 0x8b;
  }

  /** Databases booted from since the start. */
  long boots() {
    return boots.sum();
  }

  /** The file is in the log, too, until then. The data is there by now, whatever comes of it. */
  private void cutLog(Duration timeout) {
    try {
      boolean _ = raft.snapshot(timeout);
    } catch (NotReadyException | SqliteException e) {
      log.warn("The log could not be cut after a boot and will be later: {}", e.getMessage());
    }
  }

  private SqlReply load(Exchange exchange, byte[] head, InputStream body) throws IOException {
    try (LoadFiles.Received received = files.receive(head, body)) {
      Duration timeout = timeout(exchange, received.sizeBytes());
      return Arrays.equals(head, DATABASE)
          ? loadDatabase(received.file(), timeout)
          : loadText(received.file(), timeout);
    }
  }

  private SqlReply loadDatabase(Path file, Duration timeout) throws IOException {
    checks.verifier().verify(file);
    long index = raft.loadDatabase(file, timeout);
    return new SqlReply(List.of(), null, index, redirect.servedBy());
  }

  private SqlReply loadText(Path file, Duration timeout) {
    return disallowed(file)
        ? new SqlReply(List.of(), SqlController.DISALLOWED_PRAGMA, -1, "")
        : raft.loadText(file, timeout);
  }

  /** Looks at every statement, and through one text at a time: each may hold a long one. */
  private boolean disallowed(Path file) {
    long longest = limit.statementBytes();
    looking.lock();
    try {
      return checks.anyDisallowedPragma(checks.split().statementsOf(file, longest));
    } catch (SqliteException.StatementTooLong e) {
      throw new RequestFailure(
          413,
          ("statement %d of the text, at byte %d, is longer than %d bytes, a thirty-second of this"
                  + " node's heap: give every node a larger heap (-Xmx), split the statement, or"
                  + " load a database file")
              .formatted(e.number(), e.offset(), longest));
    } finally {
      looking.unlock();
    }
  }

  /** Spares a client from sending gigabytes to a node that cannot take them yet. */
  private void refuseEarly() {
    NodeStatus.Phase phase = raft.status().phase();
    if (phase != NodeStatus.Phase.RUNNING || !(restore.get() instanceof RestoreState.Done)) {
      throw new NotReadyException("store not ready", RETRY_AFTER);
    }
  }

  /** As asked for; else with a second for each mebibyte, since a file of any size is taken. */
  private static Duration timeout(Exchange exchange, long sizeBytes) {
    Duration asked = exchange.parameters().positiveDuration("timeout");
    return asked != null ? asked : QueryParameters.DEFAULT_TIMEOUT.plusSeconds(sizeBytes >> 20);
  }

  private static void answer(Exchange exchange, SqlReply reply) throws IOException {
    QueryParameters parameters = exchange.parameters();
    exchange.contentType(ContentTypes.TEXT);
    new ReplyWriter(parameters.has("pretty"), parameters.has("timings"), false, false, false, false)
        .write(reply, exchange);
  }
}
