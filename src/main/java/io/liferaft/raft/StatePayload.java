package io.liferaft.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the record of a checkpoint carries for the state machine: the replicated state with the term
 * of its last entry and the open load. Travels with an install, too.
 *
 * @param state its applied index is the index of the checkpoint
 * @param load an open load; its staging file counts up to its received bytes
 */
record StatePayload(long term, ReplicatedState state, @Nullable OpenLoad load) {

  private static final int VERSION = 6;

  /** Without a load that only its chain tells; still written while there is none. */
  private static final int FIFTH_VERSION = 5;

  /** Without verified backups; still written while there are none. */
  private static final int FOURTH_VERSION = 4;

  /** Without a hold of writes. */
  private static final int THIRD_VERSION = 3;

  /** Without changes. */
  private static final int SECOND_VERSION = 2;

  /** Without former groups. */
  private static final int FIRST_VERSION = 1;

  byte[] encode() {
    WireWriter out = new WireWriter();
    int version = version();
    out.int32(version).int64(term).string(state.clusterId()).string(state.generation());
    out.int64(state.changeIndex()).int64(state.appliedIndex());
    switch (state.restore()) {
      case RestoreRecord.Undecided() -> out.int32(0);
      case RestoreRecord.Begun(var attempt, var source) ->
          out.int32(1).int64(attempt).string(source);
      case RestoreRecord.Ended(var outcome, var time) ->
          out.int32(2).string(outcome.name()).int64(time);
    }
    out.int32(state.backups().size());
    state.backups().values().forEach(out::backup);
    out.strings(state.initialMembers()).bool(load != null);
    if (load != null) {
      out.int64(load.loadId()).string(load.kind().name()).int64(load.attempt());
      out.int64(load.sizeBytes()).string(load.sha256()).int64(load.receivedBytes());
      out.string(load.chain());
    }
    out.strings(state.formerGroups());
    out.bool(state.changes().captured()).int64(state.changes().sinceIndex());
    out.int64(state.changes().deliveredIndex());
    WriteHold hold = state.hold();
    out.bool(hold != null);
    if (hold != null) {
      out.int64(hold.attempt()).int64(hold.term()).int64(hold.untilMillis());
    }
    if (version >= FIFTH_VERSION) {
      out.int32(state.verified().size());
      state.verified().values().forEach(one -> write(out, one));
    }
    return out.toByteArray();
  }

  private int version() {
    if (load != null && load.sha256().isEmpty()) {
      return VERSION;
    }
    return state.verified().isEmpty() ? FOURTH_VERSION : FIFTH_VERSION;
  }

  private static void write(WireWriter out, Verification verification) {
    VerifiedRecord good = verification.good();
    VerifiedRecord damaged = verification.damaged();
    out.bool(good != null);
    if (good != null) {
      out.verified(good);
    }
    out.bool(damaged != null);
    if (damaged != null) {
      out.verified(damaged);
    }
  }

  static StatePayload decode(byte[] bytes) {
    try {
      WireReader in = new WireReader(bytes);
      int version = in.int32();
      if (version < FIRST_VERSION || version > VERSION) {
        throw new IllegalStateException(
            "the snapshot record has format version %d, this program knows only up to %d: start a newer version"
                .formatted(version, VERSION));
      }
      long term = in.int64();
      String clusterId = in.string();
      String generation = in.string();
      long changeIndex = in.int64();
      long appliedIndex = in.int64();
      RestoreRecord restore =
          switch (in.int32()) {
            case 0 -> new RestoreRecord.Undecided();
            case 1 -> new RestoreRecord.Begun(in.int64(), in.string());
            default ->
                new RestoreRecord.Ended(RestoreRecord.Outcome.valueOf(in.string()), in.int64());
          };
      Map<String, BackupRecord> backups = new HashMap<>();
      for (int count = in.int32(); count > 0; count--) {
        BackupRecord backup = in.backup();
        backups.put(backup.destination(), backup);
      }
      List<String> members = in.strings();
      OpenLoad load = in.bool() ? load(in) : null;
      List<String> formerGroups = version < SECOND_VERSION ? List.of() : in.strings();
      ChangesRecord changes =
          version >= THIRD_VERSION
              ? new ChangesRecord(in.bool(), in.int64(), in.int64())
              : ChangesRecord.NONE;
      WriteHold hold =
          version >= FOURTH_VERSION && in.bool()
              ? new WriteHold(in.int64(), in.int64(), in.int64())
              : null;
      Map<String, Verification> verified = new HashMap<>();
      for (int count = version >= FIFTH_VERSION ? in.int32() : 0; count > 0; count--) {
        Verification one =
            new Verification(in.bool() ? in.verified() : null, in.bool() ? in.verified() : null);
        verified.put(one.last().destination(), one);
      }
      return new StatePayload(
          term,
          new ReplicatedState(
              clusterId,
              generation,
              changeIndex,
              appliedIndex,
              restore,
              backups,
              members,
              formerGroups,
              changes,
              hold,
              verified),
          load);
    } catch (IOException e) {
      throw new UncheckedIOException("the snapshot record cannot be decoded", e);
    }
  }

  private static OpenLoad load(WireReader in) throws IOException {
    return new OpenLoad(
        in.int64(),
        LogCommand.LoadKind.valueOf(in.string()),
        in.int64(),
        in.int64(),
        in.string(),
        in.int64(),
        in.string());
  }
}
