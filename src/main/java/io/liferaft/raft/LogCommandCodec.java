package io.liferaft.raft;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The binary form of log entries: one byte of format version, one of type, then the fields. Entries
 * outlive versions: types and fields are only ever added; an unknown version or type stops the node
 * with a clear message rather than being skipped.
 */
final class LogCommandCodec {

  private static final int VERSION = 1;
  private static final int CLUSTER_FOUNDED = 1;
  private static final int EXECUTE = 2;
  private static final int BATCH = 3;
  private static final int LOAD_BEGIN = 4;
  private static final int LOAD_CHUNK = 5;
  private static final int LOAD_COMMIT = 6;
  private static final int LOAD_ABORT = 7;
  private static final int RESTORE_BEGUN = 8;
  private static final int RESTORE_ENDED = 9;
  private static final int BACKUP_RECORDED = 10;
  private static final int CLUSTER_RECOVERED = 11;

  /** {@link #CLUSTER_FOUNDED} with foreign keys on; with them off its form is the older one. */
  private static final int CLUSTER_FOUNDED_WITH_FOREIGN_KEYS = 12;

  /** {@link #CLUSTER_RECOVERED} with a list of members; without one its form is the older one. */
  private static final int CLUSTER_RECOVERED_FOR_MEMBERS = 13;

  private static final int CAPTURE_SWITCHED = 14;
  private static final int CHANGES_DELIVERED = 15;
  private static final int WRITES_HELD = 16;
  private static final int WRITES_RELEASED = 17;

  /** Automatic, so not appended before every member knows it: see {@link EntryReaders}. */
  static final int BACKUP_VERIFIED = 18;

  /**
   * {@link #LOAD_CHUNK} packed by zstd; deflated its form is the older one, which is used as long
   * as a member knows no other.
   */
  static final int LOAD_CHUNK_BY_ZSTD = 19;

  /** Automatic as well: see {@link EntryReaders}. */
  static final int COPY_POINT = 20;

  /**
   * {@link #LOAD_BEGIN} without the hash of the whole; with it its form is the older one, which is
   * used as long as a member knows no other.
   */
  static final int LOAD_BEGIN_BY_CHAIN = 21;

  private LogCommandCodec() {}

  /**
   * Whether entries of a type can be read here; those are all up to the last one that was added.
   */
  static boolean knows(int type) {
    return type >= CLUSTER_FOUNDED && type <= LOAD_BEGIN_BY_CHAIN;
  }

  static byte[] encode(LogCommand command) {
    WireWriter out = new WireWriter();
    out.int32(VERSION);
    switch (command) {
      case LogCommand.ClusterFounded(var clusterId, var generation, var members, var keys) -> {
        out.int32(keys ? CLUSTER_FOUNDED_WITH_FOREIGN_KEYS : CLUSTER_FOUNDED)
            .string(clusterId)
            .string(generation)
            .strings(members);
      }
      case LogCommand.ClusterRecovered(var formerGroup, var generation, var members) -> {
        out.int32(members.isEmpty() ? CLUSTER_RECOVERED : CLUSTER_RECOVERED_FOR_MEMBERS)
            .string(formerGroup)
            .string(generation);
        if (!members.isEmpty()) {
          out.strings(members);
        }
      }
      case LogCommand.Execute execute -> {
        out.int32(EXECUTE);
        execute(out, execute);
      }
      case LogCommand.Batch(var requests) -> {
        out.int32(BATCH).int32(requests.size());
        for (LogCommand.Execute request : requests) {
          execute(out, request);
        }
      }
      case LogCommand.LoadBegin(var id, var kind, var attempt, var size, var sha256, var force) -> {
        out.int32(sha256.isEmpty() ? LOAD_BEGIN_BY_CHAIN : LOAD_BEGIN);
        out.int64(id).string(kind.name()).int64(attempt).int64(size);
        if (!sha256.isEmpty()) {
          out.string(sha256);
        }
        out.bool(force);
      }
      case LogCommand.LoadChunk(var id, var offset, var length, var packing, var packed) -> {
        out.int32(packing == Packing.ZSTD ? LOAD_CHUNK_BY_ZSTD : LOAD_CHUNK);
        out.int64(id).int64(offset).int32(length).bytes(packed);
      }
      case LogCommand.LoadCommit commit -> {
        out.int32(LOAD_COMMIT).int64(commit.loadId()).string(commit.chain());
        out.int64(commit.clockMillis()).int64(commit.seed()).int64(commit.stepBudget());
        out.optionalString(commit.clusterId()).bool(commit.backup() != null);
        if (commit.backup() != null) {
          out.backup(commit.backup());
        }
      }
      case LogCommand.LoadAbort(var id) -> out.int32(LOAD_ABORT).int64(id);
      case LogCommand.RestoreBegun(var source) -> out.int32(RESTORE_BEGUN).string(source);
      case LogCommand.RestoreEnded(var outcome, var time) -> {
        out.int32(RESTORE_ENDED).string(outcome.name()).int64(time);
      }
      case LogCommand.BackupRecorded(var backup) -> out.int32(BACKUP_RECORDED).backup(backup);
      case LogCommand.BackupVerified(var drilled) -> out.int32(BACKUP_VERIFIED).verified(drilled);
      case LogCommand.CopyPoint(var destination, var id) ->
          out.int32(COPY_POINT).string(destination).fixed64(id);
      case LogCommand.WritesHeld(var until) -> out.int32(WRITES_HELD).int64(until);
      case LogCommand.WritesReleased(var attempt) -> out.int32(WRITES_RELEASED).int64(attempt);
      case LogCommand.CaptureSwitched(var on) -> out.int32(CAPTURE_SWITCHED).bool(on);
      case LogCommand.ChangesDelivered(var index) -> out.int32(CHANGES_DELIVERED).int64(index);
    }
    return out.toByteArray();
  }

  /** The part of an {@link LogCommand.Execute} that does not depend on the leader's stamp. */
  static byte[] body(SqlForm form, boolean transaction, List<SqlStatement> statements) {
    WireWriter out = new WireWriter();
    out.string(form.name()).bool(transaction).statements(statements);
    return out.toByteArray();
  }

  /** As above; empty when it is longer than {@code most} bytes. */
  static Optional<byte[]> body(
      SqlForm form, boolean transaction, List<SqlStatement> statements, int most) {
    try {
      WireWriter out = new WireWriter(most);
      out.string(form.name()).bool(transaction).statements(statements);
      return Optional.of(out.toByteArray());
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof WireWriter.TooLong) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** One entry for requests whose bodies are encoded already, in their order. */
  static byte[] encode(List<LogCommand.Execute> requests, List<byte[]> bodies) {
    WireWriter out = new WireWriter();
    out.int32(VERSION);
    if (requests.size() == 1) {
      out.int32(EXECUTE);
    } else {
      out.int32(BATCH).int32(requests.size());
    }
    for (int i = 0; i < requests.size(); i++) {
      stamp(out, requests.get(i));
      out.raw(bodies.get(i));
    }
    return out.toByteArray();
  }

  static LogCommand decode(WireReader in) {
    try {
      int version = in.int32();
      int type = in.int32();
      if (version != VERSION) {
        throw new IllegalStateException(
            "a log entry has format version %d, this program knows only %d: start a newer version"
                .formatted(version, VERSION));
      }
      return switch (type) {
        case CLUSTER_FOUNDED ->
            new LogCommand.ClusterFounded(in.string(), in.string(), in.strings(), false);
        case CLUSTER_FOUNDED_WITH_FOREIGN_KEYS ->
            new LogCommand.ClusterFounded(in.string(), in.string(), in.strings(), true);
        case EXECUTE -> execute(in);
        case BATCH -> {
          int count = in.count();
          List<LogCommand.Execute> requests = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            requests.add(execute(in));
          }
          yield new LogCommand.Batch(requests);
        }
        case LOAD_BEGIN -> begin(in, true);
        case LOAD_BEGIN_BY_CHAIN -> begin(in, false);
        case LOAD_CHUNK -> chunk(in, Packing.DEFLATE);
        case LOAD_CHUNK_BY_ZSTD -> chunk(in, Packing.ZSTD);
        case LOAD_COMMIT ->
            new LogCommand.LoadCommit(
                in.int64(),
                in.string(),
                in.int64(),
                in.int64(),
                in.int64(),
                in.optionalString(),
                in.bool() ? in.backup() : null);
        case LOAD_ABORT -> new LogCommand.LoadAbort(in.int64());
        case RESTORE_BEGUN -> new LogCommand.RestoreBegun(in.string());
        case RESTORE_ENDED ->
            new LogCommand.RestoreEnded(RestoreRecord.Outcome.valueOf(in.string()), in.int64());
        case BACKUP_RECORDED -> new LogCommand.BackupRecorded(in.backup());
        case BACKUP_VERIFIED -> new LogCommand.BackupVerified(in.verified());
        case COPY_POINT -> new LogCommand.CopyPoint(in.string(), in.fixed64());
        case CLUSTER_RECOVERED ->
            new LogCommand.ClusterRecovered(in.string(), in.string(), List.of());
        case CLUSTER_RECOVERED_FOR_MEMBERS ->
            new LogCommand.ClusterRecovered(in.string(), in.string(), in.strings());
        case WRITES_HELD -> new LogCommand.WritesHeld(in.int64());
        case WRITES_RELEASED -> new LogCommand.WritesReleased(in.int64());
        case CAPTURE_SWITCHED -> new LogCommand.CaptureSwitched(in.bool());
        case CHANGES_DELIVERED -> new LogCommand.ChangesDelivered(in.int64());
        default ->
            throw new IllegalStateException(
                "a log entry has type %d, unknown to this program: start a newer version"
                    .formatted(type));
      };
    } catch (IOException e) {
      throw new UncheckedIOException("a log entry cannot be decoded", e);
    }
  }

  static LogCommand decode(byte[] bytes) {
    return decode(new WireReader(bytes));
  }

  private static LogCommand.LoadBegin begin(WireReader in, boolean hashed) throws IOException {
    return new LogCommand.LoadBegin(
        in.int64(),
        LogCommand.LoadKind.valueOf(in.string()),
        in.int64(),
        in.int64(),
        hashed ? in.string() : "",
        in.bool());
  }

  private static LogCommand.LoadChunk chunk(WireReader in, Packing packing) throws IOException {
    return new LogCommand.LoadChunk(in.int64(), in.int64(), in.int32(), packing, in.bytes());
  }

  private static void execute(WireWriter out, LogCommand.Execute execute) {
    stamp(out, execute);
    out.string(execute.form().name()).bool(execute.transaction());
    out.statements(execute.statements());
  }

  private static void stamp(WireWriter out, LogCommand.Execute execute) {
    out.int64(execute.clockMillis()).fixed64(execute.seed()).int64(execute.stepBudget());
  }

  private static LogCommand.Execute execute(WireReader in) throws IOException {
    long clockMillis = in.int64();
    long seed = in.fixed64();
    long stepBudget = in.int64();
    SqlForm form = SqlForm.valueOf(in.string());
    boolean transaction = in.bool();
    return new LogCommand.Execute(
        in.statements(), form, transaction, clockMillis, seed, stepBudget);
  }
}
