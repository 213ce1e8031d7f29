package io.liferaft.api;

import io.liferaft.raft.ClusterCopy;
import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.DatabaseFile;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteException.CopyRevoked;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/**
 * {@code /db/backup}: the leader's database, streamed. As it is, straight from the copy; vacuumed
 * or as SQL, from a file that the copy has been written to before.
 */
final class BackupController {

  private static final int BUFFER = 1 << 18;
  private static final int JOURNAL_MODE_OFFSET = 18;
  private static final byte DELETE_MODE = 1;

  /** What a backup may look like. */
  private enum Form {
    BINARY,
    DELETE,
    VACUUMED,
    SQL;

    static Form of(QueryParameters parameters) {
      Form form =
          switch (String.valueOf(parameters.text("fmt")).toLowerCase(Locale.ROOT)) {
            case "sql" -> SQL;
            case "delete" -> DELETE;
            default -> BINARY;
          };
      if (!parameters.has("vacuum")) {
        return form;
      }
      if (form != BINARY) {
        throw new RequestFailure(500, "invalid backup format");
      }
      return VACUUMED;
    }
  }

  /** Writes a backup's body. */
  private interface Body {
    void writeTo(OutputStream out) throws IOException;
  }

  private final RaftNode raft;
  private final LeaderRedirect redirect;
  private final BackupFiles files;

  BackupController(RaftNode raft, LeaderRedirect redirect, BackupFiles files) {
    this.raft = raft;
    this.redirect = redirect;
    this.files = files;
  }

  void backup(Exchange exchange) throws IOException {
    Form form = Form.of(exchange.parameters());
    if (!exchange.parameters().has("noleader") && redirect.answered(exchange)) {
      return;
    }
    switch (form) {
      case BINARY, DELETE -> asItIs(exchange, form == Form.DELETE);
      case VACUUMED -> vacuumed(exchange);
      case SQL -> sql(exchange);
    }
  }

  private void asItIs(Exchange exchange, boolean deleteMode) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    try (ClusterCopy copy = begun(exchange, buffer)) {
      if (deleteMode && buffer.position() > JOURNAL_MODE_OFFSET + 1) {
        buffer.put(JOURNAL_MODE_OFFSET, DELETE_MODE).put(JOURNAL_MODE_OFFSET + 1, DELETE_MODE);
      }
      answer(exchange, ContentTypes.BINARY, out -> stream(copy.file(), buffer, out));
    }
  }

  private void vacuumed(Exchange exchange) throws IOException {
    try (TemporaryFiles.Kept file = files.vacuumed(files.fetch(() -> copy(exchange)))) {
      answer(
          exchange,
          ContentTypes.BINARY,
          out -> {
            long _ = Files.copy(file.file(), out);
          });
    }
  }

  private void sql(Exchange exchange) throws IOException {
    String tables = exchange.parameters().text("tables");
    Set<String> wanted =
        tables == null || tables.isEmpty() ? Set.of() : Set.copyOf(List.of(tables.split(",")));
    try (TemporaryFiles.Kept file = files.fetch(() -> copy(exchange))) {
      answer(exchange, ContentTypes.SQL, out -> DatabaseFile.dump(file.file(), wanted, out));
    }
  }

  private static void answer(Exchange exchange, String contentType, Body body) throws IOException {
    exchange.contentType(contentType);
    OutputStream out = exchange.response().getOutputStream();
    if (exchange.parameters().has("compress")) {
      // Not closed when the copy breaks off: its trailer would make a short file look whole.
      GZIPOutputStream gzip = new GZIPOutputStream(out, BUFFER);
      body.writeTo(gzip);
      gzip.finish();
    } else {
      body.writeTo(out);
    }
  }

  private ClusterCopy copy(Exchange exchange) {
    QueryParameters parameters = exchange.parameters();
    return raft.copy(parameters.has("noleader"), parameters.timeout());
  }

  /** A copy whose first bytes are in the buffer; one that was revoked before is replaced. */
  private ClusterCopy begun(Exchange exchange, ByteBuffer buffer) {
    for (int attempt = 1; ; attempt++) {
      ClusterCopy copy = copy(exchange);
      try {
        int _ = BackupFiles.read(copy.file(), 0, buffer.clear());
        return copy;
      } catch (CopyRevoked e) {
        copy.close();
        if (attempt == BackupFiles.ATTEMPTS) {
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
      int _ = BackupFiles.read(copy, offset, buffer.clear());
    }
    if (offset != copy.sizeBytes()) {
      throw new SqliteException(
          "the copy ended after %d of %d bytes".formatted(offset, copy.sizeBytes()));
    }
  }
}
