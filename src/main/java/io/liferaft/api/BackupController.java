package io.liferaft.api;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteException.CopyRevoked;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** {@code /db/backup}: the leader's database as a file, streamed. */
final class BackupController {

  private static final int BUFFER = 1 << 18;
  private static final int ATTEMPTS = 5;
  private static final int JOURNAL_MODE_OFFSET = 18;
  private static final byte DELETE_MODE = 1;

  private final RaftNode raft;
  private final LeaderRedirect redirect;

  BackupController(RaftNode raft, LeaderRedirect redirect) {
    this.raft = raft;
    this.redirect = redirect;
  }

  void backup(Exchange exchange) throws IOException {
    QueryParameters parameters = exchange.parameters();
    String format = String.valueOf(parameters.text("fmt")).toLowerCase(Locale.ROOT);
    if (format.equals("sql")) {
      throw new RequestFailure(501, "fmt=sql is not supported yet: use binary or delete");
    }
    if (parameters.has("vacuum")) {
      throw new RequestFailure(501, "vacuum is not supported yet");
    }
    boolean anyNode = parameters.has("noleader");
    if (!anyNode && redirect.answered(exchange)) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    try (ClusterCopy copy = begun(anyNode, parameters, buffer)) {
      if (format.equals("delete") && buffer.position() > JOURNAL_MODE_OFFSET + 1) {
        buffer.put(JOURNAL_MODE_OFFSET, DELETE_MODE).put(JOURNAL_MODE_OFFSET + 1, DELETE_MODE);
      }
      exchange.contentType(ContentTypes.BINARY);
      OutputStream out = exchange.response().getOutputStream();
      if (parameters.has("compress")) {
        // Not closed when the copy breaks off: its trailer would make a short file look whole.
        GZIPOutputStream gzip = new GZIPOutputStream(out, BUFFER);
        stream(copy.file(), buffer, gzip);
        gzip.finish();
      } else {
        stream(copy.file(), buffer, out);
      }
    }
  }

  /** A copy whose first bytes are in the buffer; one that was revoked before is replaced. */
  private ClusterCopy begun(boolean anyNode, QueryParameters parameters, ByteBuffer buffer) {
    for (int attempt = 1; ; attempt++) {
      ClusterCopy copy = raft.copy(anyNode, parameters.timeout());
      try {
        fill(copy.file(), 0, buffer);
        return copy;
      } catch (CopyRevoked e) {
        copy.close();
        if (attempt == ATTEMPTS) {
          throw e;
        }
      } catch (RuntimeException e) {
        copy.close();
        throw e;
      }
    }
  }

  private static void stream(DatabaseCopy copy, ByteBuffer buffer, OutputStream out)
      throws IOException {
    long offset = 0;
    while (buffer.position() > 0) {
      out.write(buffer.array(), buffer.arrayOffset(), buffer.position());
      offset += buffer.position();
      fill(copy, offset, buffer);
    }
    if (offset != copy.sizeBytes()) {
      throw new SqliteException(
          "the copy ended after %d of %d bytes".formatted(offset, copy.sizeBytes()));
    }
  }

  private static void fill(DatabaseCopy copy, long offset, ByteBuffer buffer) {
    buffer.clear();
    try {
      copy.read(offset, buffer);
    } catch (IOException e) {
      throw new SqliteException("the copy cannot be read at " + offset, e);
    }
  }
}
