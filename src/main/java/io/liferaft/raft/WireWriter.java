package io.liferaft.raft;

import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedOutputStream;
import org.jspecify.annotations.Nullable;

/** Writes fields one after the other with protobuf's primitives. Not for several threads. */
final class WireWriter {

  /** There was more to write than allowed. */
  static final class TooLong extends IOException {
    private static final long serialVersionUID = 1L;

    private TooLong(int most) {
      super("more than " + most + " bytes");
    }
  }

  private static final class Bounded extends ByteArrayOutputStream {
    private final int most;

    Bounded(int most) {
      super(512);
      this.most = most;
    }

    /** All that comes, comes this way. */
    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      if (length > most - count) {
        throw new UncheckedIOException(new TooLong(most));
      }
      super.write(bytes, offset, length);
    }
  }

  private interface Write {
    void run() throws IOException;
  }

  /** Characters of a string that are encoded at a time. */
  private static final int PIECE = 16 * 1024;

  private final OutputStream target;
  private final CodedOutputStream out;

  WireWriter() {
    this(new ByteArrayOutputStream(512), 512);
  }

  /** Fails with {@link TooLong} beyond so many bytes, and then holds no more than these. */
  WireWriter(int most) {
    this(new Bounded(most), 512);
  }

  /** Writes to a stream, which the caller closes after {@link #flush}. */
  WireWriter(OutputStream target) {
    this(target, 64 * 1024);
  }

  private WireWriter(OutputStream target, int bufferSize) {
    this.target = target;
    this.out = CodedOutputStream.newInstance(target, bufferSize);
  }

  byte[] toByteArray() {
    flush();
    return ((ByteArrayOutputStream) target).toByteArray();
  }

  void flush() {
    run(out::flush);
  }

  WireWriter bool(boolean value) {
    return run(() -> out.writeBoolNoTag(value));
  }

  WireWriter int32(int value) {
    return run(() -> out.writeInt32NoTag(value));
  }

  WireWriter int64(long value) {
    return run(() -> out.writeInt64NoTag(value));
  }

  WireWriter fixed64(long value) {
    return run(() -> out.writeFixed64NoTag(value));
  }

  WireWriter string(String value) {
    return value.length() <= PIECE ? run(() -> out.writeStringNoTag(value)) : longString(value);
  }

  /** The same bytes; protobuf would first take three for each character in one piece. */
  private WireWriter longString(String value) {
    long length = 0;
    for (int from = 0; from < value.length(); from = pieceEnd(value, from)) {
      length += piece(value, from).length;
    }
    int bytes = Math.toIntExact(length);
    run(() -> out.writeUInt32NoTag(bytes));
    for (int from = 0; from < value.length(); from = pieceEnd(value, from)) {
      raw(piece(value, from));
    }
    return this;
  }

  private static byte[] piece(String value, int from) {
    return value.substring(from, pieceEnd(value, from)).getBytes(StandardCharsets.UTF_8);
  }

  /** Never between two surrogates. */
  private static int pieceEnd(String value, int from) {
    int end = Math.min(value.length(), from + PIECE);
    return end < value.length() && Character.isHighSurrogate(value.charAt(end - 1)) ? end - 1 : end;
  }

  WireWriter optionalString(@Nullable String value) {
    bool(value != null);
    return value == null ? this : string(value);
  }

  WireWriter bytes(byte[] value) {
    return run(() -> out.writeByteArrayNoTag(value));
  }

  /** Bytes that are fields already. */
  WireWriter raw(byte[] fields) {
    return run(() -> out.writeRawBytes(fields));
  }

  WireWriter strings(List<String> values) {
    int32(values.size());
    values.forEach(this::string);
    return this;
  }

  WireWriter statements(List<SqlStatement> statements) {
    int32(statements.size());
    for (SqlStatement statement : statements) {
      statement(statement);
    }
    return this;
  }

  WireWriter statement(SqlStatement statement) {
    string(statement.sql()).int32(statement.parameters().size());
    for (SqlParameter parameter : statement.parameters()) {
      optionalString(parameter.name()).value(parameter.value());
    }
    return this;
  }

  /** A SQLite value: null, INTEGER, REAL, TEXT or BLOB. */
  WireWriter value(@Nullable Object value) {
    return switch (value) {
      case null -> int32(0);
      case Long number -> int32(1).int64(number);
      case Double number -> int32(2).fixed64(Double.doubleToRawLongBits(number));
      case String text -> int32(3).string(text);
      case byte[] blob -> int32(4).bytes(blob);
      default -> throw new IllegalArgumentException("no SQLite value: " + value.getClass());
    };
  }

  WireWriter results(List<SqlResult> results) {
    int32(results.size());
    for (SqlResult result : results) {
      switch (result) {
        case SqlResult.Write(var lastInsertId, var rowsAffected, var nanos) ->
            int32(0).int64(lastInsertId).int64(rowsAffected).int64(nanos);
        case SqlResult.Failed(var message, var nanos) -> int32(1).string(message).int64(nanos);
        case SqlResult.Rows(var columns, var tables, var types, var values, var nanos) -> {
          int32(2).strings(columns).strings(tables).strings(types).int32(values.size());
          for (@Nullable Object[] row : values) {
            for (Object cell : row) {
              value(cell);
            }
          }
          int64(nanos);
        }
      }
    }
    return this;
  }

  WireWriter backup(BackupRecord backup) {
    string(backup.destination()).string(backup.generation()).int64(backup.changeIndex());
    string(backup.sha256()).int64(backup.sizeBytes()).string(backup.etag());
    optionalString(backup.versionId()).int64(backup.term()).int64(backup.timeMillis());
    return this;
  }

  WireWriter verified(VerifiedRecord drilled) {
    string(drilled.destination()).string(drilled.backup()).string(drilled.generation());
    int64(drilled.changeIndex()).string(drilled.sha256()).int64(drilled.sizeBytes());
    int64(drilled.timeMillis()).int64(drilled.tookMillis()).bool(drilled.good());
    bool(drilled.compared()).string(drilled.node());
    return this;
  }

  private WireWriter run(Write write) {
    try {
      write.run();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write", e);
    }
  }
}
