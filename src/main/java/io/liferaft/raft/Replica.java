package io.liferaft.raft;

import io.liferaft.sqlite.ChangeSink;
import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.EntryOutcome;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/**
 * One node's copy of everything replicated: database, replicated state, open load. Applies
 * committed commands in order; deterministic. Used by the apply thread only, but for {@link
 * #payload}, which any thread may read.
 */
final class Replica {

  /** An entry to apply: its place in the log, its command, whether somebody here waits for rows. */
  record Entry(long term, long index, LogCommand command, boolean answer) {}

  /** Before the first entry. */
  static final StatePayload FRESH =
      new StatePayload(
          0,
          new ReplicatedState("", "", 0, -1, new RestoreRecord.Undecided(), Map.of(), List.of()),
          null);

  static final String HELD = "a restore is replacing the database";

  private static final String SUPERSEDED =
      "the load was given up, or another one has begun: try again";

  private final SqliteStore store;
  private final @Nullable ChangeJournal journal;
  private final CopyPoints points;
  private final Path folder;
  private final Staging staging;
  private volatile StatePayload payload;
  private volatile long recordIndex;
  private volatile long recordTerm;

  private Replica(
      SqliteStore store,
      Path folder,
      @Nullable ChangeJournal journal,
      CopyPoints points,
      StatePayload payload,
      long recordIndex) {
    this.store = store;
    this.points = points;
    this.folder = folder;
    this.journal = journal;
    this.staging = new Staging(folder, store.files());
    this.payload = payload;
    this.recordIndex = recordIndex;
    this.recordTerm = payload.term();
  }

  /** Opens the store as of its record. */
  static Replica open(SqliteStore store, Path folder) throws IOException {
    return open(store, folder, null, new CopyPoints(new Tally(), System::nanoTime));
  }

  /**
   * Opens the store as of its record.
   *
   * @param journal of row changes; null when this node keeps none
   * @param points told when one is reached
   */
  static Replica open(
      SqliteStore store, Path folder, @Nullable ChangeJournal journal, CopyPoints points)
      throws IOException {
    Optional<byte[]> record = store.open(folder);
    StatePayload payload = record.map(StatePayload::decode).orElse(FRESH);
    Replica replica =
        new Replica(store, folder, journal, points, payload, payload.state().appliedIndex());
    replica.staging.reset(payload.load());
    replica.beginJournal(true);
    return replica;
  }

  private void beginJournal(boolean continues) throws IOException {
    if (journal != null) {
      journal.begin(folder, payload.state().appliedIndex(), continues);
    }
    capture();
  }

  /** As the state says; anew for every file. */
  private void capture() {
    ChangeSink sink = journal == null ? ChangeSink.NONE : journal;
    store.captureChanges(payload.state().changes().captured() ? sink : null);
  }

  private void forceJournal() throws IOException {
    if (journal != null) {
      journal.force();
    }
  }

  /** Before Ratis opens the group's log: none that does not go on from the record. */
  void dropSupersededLog(Path current) throws IOException {
    if (recordIndex >= 0) {
      SupersededLog.drop(current, TermIndex.valueOf(recordTerm, recordIndex), store.files());
    }
  }

  StatePayload payload() {
    return payload;
  }

  /** Log index of the last record; -1 for none. */
  long recordIndex() {
    return recordIndex;
  }

  long recordTerm() {
    return recordTerm;
  }

  Path stagingPath(OpenLoad load) {
    return staging.path(load);
  }

  /** Moves on over an entry without a command. */
  void skip(long term, long index) {
    if (index > payload.state().appliedIndex()) {
      liftHold(term, 0);
      payload = with(payload, term, index, payload.state(), payload.load());
    }
  }

  /**
   * Applies entries in order; those that run SQL are handed to the store together.
   *
   * @param applied gets the outcomes of the entries that have been applied, also when this throws
   * @throws SqliteException.NodeFault when this node failed
   */
  void apply(List<Entry> entries, List<Applied> applied) throws IOException {
    List<Entry> group = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.index() <= payload.state().appliedIndex()) {
        // On its way when an installed copy took its place, which holds it.
        applied.add(new Applied.Done());
      } else if (isSql(entry.command())) {
        liftHold(entry.term(), clock(entry.command()));
        if (payload.state().hold() != null && writes(entry.command())) {
          applied.addAll(applySql(group));
          group.clear();
          skip(entry.term(), entry.index());
          applied.add(new Applied.Refused(HELD, true));
        } else {
          group.add(entry);
        }
      } else {
        applied.addAll(applySql(group));
        group.clear();
        liftHold(entry.term(), 0);
        applied.add(applyOther(entry));
      }
    }
    applied.addAll(applySql(group));
  }

  /** Whoever held the writes leads no more, or has had its time. */
  private void liftHold(long term, long clockMillis) {
    StatePayload now = payload;
    WriteHold hold = now.state().hold();
    if (hold != null && (term > hold.term() || clockMillis > hold.untilMillis())) {
      OpenLoad load = now.load();
      boolean its = load != null && load.attempt() == hold.attempt();
      if (its) {
        drop(load);
      }
      payload = new StatePayload(now.term(), now.state().withHold(null), its ? null : load);
    }
  }

  /** A leader's mark holds no statement. */
  private static boolean writes(LogCommand command) {
    return switch (command) {
      case LogCommand.Execute execute -> !execute.statements().isEmpty();
      case LogCommand.Batch(var requests) ->
          requests.stream().anyMatch(request -> !request.statements().isEmpty());
      default -> false;
    };
  }

  private static boolean isSql(LogCommand command) {
    return command instanceof LogCommand.Execute || command instanceof LogCommand.Batch;
  }

  private List<Applied> applySql(List<Entry> group) {
    if (group.isEmpty()) {
      return List.of();
    }
    if (payload.state().restore() instanceof RestoreRecord.Begun) {
      group.forEach(entry -> skip(entry.term(), entry.index()));
      return group.stream()
          .<Applied>map(_ -> new Applied.Refused("store not ready", true))
          .toList();
    }
    List<SqlEntry> work = new ArrayList<>(group.size());
    for (Entry entry : group) {
      switch (entry.command()) {
        case LogCommand.Execute execute -> work.add(sqlEntry(execute, entry));
        case LogCommand.Batch(var requests) ->
            requests.forEach(request -> work.add(sqlEntry(request, entry)));
        default -> throw new IllegalStateException("not SQL: " + entry.command());
      }
    }
    List<EntryOutcome> outcomes = store.apply(work);
    List<Applied> applied = new ArrayList<>(group.size());
    int next = 0;
    for (Entry entry : group) {
      int count = entry.command() instanceof LogCommand.Batch(var requests) ? requests.size() : 1;
      List<EntryOutcome> own = outcomes.subList(next, next + count);
      next += count;
      boolean changed = own.stream().anyMatch(EntryOutcome::changed);
      applied.add(
          entry.command() instanceof LogCommand.Batch
              ? new Applied.SqlBatch(own)
              : new Applied.Sql(own.getFirst()));
      ReplicatedState state = payload.state();
      if (changed) {
        state = changed(state, entry.index(), clock(entry.command()));
      }
      payload = with(payload, entry.term(), entry.index(), state, payload.load());
    }
    return applied;
  }

  private static SqlEntry sqlEntry(LogCommand.Execute execute, Entry entry) {
    return new SqlEntry(
        execute.statements(),
        execute.transaction(),
        execute.form(),
        execute.clockMillis(),
        execute.seed(),
        execute.stepBudget(),
        entry.answer(),
        entry.index());
  }

  private static long clock(LogCommand command) {
    return switch (command) {
      case LogCommand.Execute execute -> execute.clockMillis();
      case LogCommand.Batch(var requests) -> requests.getFirst().clockMillis();
      default -> 0;
    };
  }

  /** A first client write counts as the end of the restore: no node restores over it. */
  private static ReplicatedState changed(ReplicatedState state, long index, long clockMillis) {
    RestoreRecord restore =
        state.restore() instanceof RestoreRecord.Ended
            ? state.restore()
            : new RestoreRecord.Ended(RestoreRecord.Outcome.DISABLED, clockMillis);
    return state.withRestore(restore).withChange(index);
  }

  private Applied applyOther(Entry entry) throws IOException {
    ReplicatedState state = payload.state();
    OpenLoad load = payload.load();
    Applied applied = new Applied.Done();
    switch (entry.command()) {
      case LogCommand.ClusterFounded(var clusterId, var generation, var members, var keys) -> {
        if (state.clusterId().isEmpty()) {
          state = state.withLineage(clusterId, generation).withMembers(members);
          store.enforceForeignKeys(keys);
        }
      }
      case LogCommand.ClusterRecovered(var formerGroup, var generation, var members) -> {
        drop(load); // who sent it has lost its cluster
        load = null;
        state = state.withAlso(members);
        state = state.withLineage(state.clusterId(), generation).withFormerGroup(formerGroup);
        state = state.withHold(null);
      }
      case LogCommand.LoadBegin begin -> {
        String refusal = refusal(begin.attempt());
        if (refusal != null) {
          applied = new Applied.Refused(refusal, begin.attempt() < 0);
        } else if (load != null && load.attempt() < 0 && !begin.force()) {
          applied = new Applied.Refused("another load is under way: try again later", true);
        } else {
          drop(load);
          load = OpenLoad.of(begin);
        }
      }
      case LogCommand.LoadChunk chunk -> {
        if (load == null
            || load.loadId() != chunk.loadId()
            || load.receivedBytes() != chunk.offset()
            || chunk.offset() + chunk.length() > load.sizeBytes()) {
          applied = new Applied.Refused(SUPERSEDED, true);
        } else {
          byte[] bytes = LoadBytes.unpack(chunk.packed(), chunk.length(), chunk.packing());
          staging.write(load, bytes);
          load = load.with(bytes);
        }
      }
      case LogCommand.LoadCommit commit -> {
        return commitLoad(entry, commit);
      }
      case LogCommand.LoadAbort(var loadId) -> {
        if (load != null && load.loadId() == loadId) {
          drop(load);
          load = null;
        }
      }
      case LogCommand.RestoreBegun(var source) -> {
        if (state.restore() instanceof RestoreRecord.Ended
            || state.changeIndex() != 0
            || !store.isEmpty()) {
          applied = new Applied.Refused("the cluster has data or its restore has ended", false);
        } else {
          drop(load);
          load = null;
          state = state.withRestore(new RestoreRecord.Begun(entry.index(), source));
        }
      }
      case LogCommand.RestoreEnded(var outcome, var time) -> {
        if (!(state.restore() instanceof RestoreRecord.Ended)) {
          drop(load);
          load = null;
          state = state.withRestore(new RestoreRecord.Ended(outcome, time));
        }
      }
      case LogCommand.BackupRecorded(var backup) -> {
        BackupRecord last = state.backups().get(backup.destination());
        boolean newer =
            last == null
                || !last.generation().equals(state.generation())
                || (backup.changeIndex() >= last.changeIndex() && backup.term() >= last.term());
        if (!backup.generation().equals(state.generation()) || !newer) {
          applied = new Applied.Refused("a newer backup has been recorded", false);
        } else {
          state = state.withBackup(backup);
        }
      }
      case LogCommand.BackupVerified(var drilled) -> {
        if (drilled.fits()) {
          state = state.withVerified(drilled);
        } else {
          applied = new Applied.Refused("the names in the drill's result are too long", false);
        }
      }
      case LogCommand.CopyPoint point -> {
        payload = with(payload, entry.term(), entry.index(), state, load);
        return points.reached(point, entry.answer(), this::copy);
      }
      case LogCommand.WritesHeld(var until) -> {
        if (!(state.restore() instanceof RestoreRecord.Ended)) {
          applied = new Applied.Refused("store not ready", true);
        } else if (state.hold() != null) {
          applied = new Applied.Refused("another restore is under way", false);
        } else {
          drop(load); // what it would write is refused from here on
          load = null;
          state = state.withHold(new WriteHold(entry.index(), entry.term(), until));
        }
      }
      case LogCommand.WritesReleased(var attempt) -> {
        if (state.hold() != null && state.hold().attempt() == attempt) {
          drop(load);
          load = null;
          state = state.withHold(null);
        }
      }
      case LogCommand.CaptureSwitched(var on) -> {
        ChangesRecord before = state.changes();
        long since = on && before.captured() ? before.sinceIndex() : entry.index();
        state = state.withChanges(new ChangesRecord(on, since, before.deliveredIndex()));
        payload = with(payload, entry.term(), entry.index(), state, load);
        capture();
      }
      case LogCommand.ChangesDelivered(var index) -> {
        ChangesRecord changes = state.changes();
        long delivered = Math.max(index, changes.deliveredIndex());
        state =
            state.withChanges(
                new ChangesRecord(changes.captured(), changes.sinceIndex(), delivered));
      }
      case LogCommand.Execute _, LogCommand.Batch _ -> throw new IllegalStateException("SQL");
    }
    payload = with(payload, entry.term(), entry.index(), state, load);
    return applied;
  }

  /** Why a load of this attempt (-1: a client's) may not go on; null when it may. */
  private @Nullable String refusal(long attempt) {
    RestoreRecord restore = payload.state().restore();
    WriteHold hold = payload.state().hold();
    boolean begun =
        (restore instanceof RestoreRecord.Begun(var current, _) && current == attempt)
            || (hold != null && hold.attempt() == attempt);
    if (attempt >= 0) {
      return begun ? null : "another restore attempt has begun, or the restore has ended";
    }
    return restore instanceof RestoreRecord.Begun ? "store not ready" : hold == null ? null : HELD;
  }

  private Applied commitLoad(Entry entry, LogCommand.LoadCommit commit) throws IOException {
    ReplicatedState state = payload.state();
    OpenLoad load = payload.load();
    String refusal =
        load == null || load.loadId() != commit.loadId()
            ? SUPERSEDED
            : load.receivedBytes() != load.sizeBytes() || !load.chain().equals(commit.chain())
                ? "the load is not complete"
                : refusal(load.attempt());
    if (refusal != null || load == null) {
      if (load != null && load.loadId() == commit.loadId()) {
        drop(load);
        load = null;
      }
      payload = with(payload, entry.term(), entry.index(), state, load);
      return new Applied.Refused(refusal == null ? SUPERSEDED : refusal, true);
    }
    return switch (load.kind()) {
      case DATABASE -> switchDatabase(entry, commit, load);
      case TEXT ->
          runStaged(
              entry,
              commit,
              load,
              SqlForm.TEXT,
              false,
              SqliteStore.statementsOf(stagingPath(load)));
      case EXECUTE -> {
        Staging.StagedExecute staged = Staging.StagedExecute.open(stagingPath(load));
        yield runStaged(
            entry, commit, load, staged.form(), staged.transaction(), staged.statements());
      }
    };
  }

  private Applied runStaged(
      Entry entry,
      LogCommand.LoadCommit commit,
      OpenLoad load,
      SqlForm form,
      boolean transaction,
      Iterable<SqlStatement> statements) {
    SqlEntry work =
        new SqlEntry(
            statements,
            transaction,
            form,
            commit.clockMillis(),
            commit.seed(),
            commit.stepBudget(),
            entry.answer(),
            entry.index());
    EntryOutcome outcome = store.apply(List.of(work)).getFirst();
    drop(load);
    ReplicatedState state = payload.state();
    if (outcome.changed()) {
      state = changed(state, entry.index(), commit.clockMillis());
    }
    payload = with(payload, entry.term(), entry.index(), state, null);
    return new Applied.Sql(outcome);
  }

  private Applied switchDatabase(Entry entry, LogCommand.LoadCommit commit, OpenLoad load)
      throws IOException {
    staging.close();
    staging.force(load);
    if (!load.isIn(stagingPath(load))) {
      // Every node applied the same chunks: what differs is what this disk gave back.
      throw new SqliteException.NodeFault(
          "the staged file does not have the hash of what was written to it", true, true, null);
    }
    ReplicatedState state = changed(payload.state(), entry.index(), commit.clockMillis());
    String generation = HexFormat.of().toHexDigits(commit.seed());
    String lineage = commit.clusterId() == null ? state.clusterId() : commit.clusterId();
    state = state.withLineage(lineage, generation).withApplied(entry.index());
    state = state.withHold(null);
    if (load.attempt() >= 0 && payload.state().restore() instanceof RestoreRecord.Begun) {
      state =
          state.withRestore(
              new RestoreRecord.Ended(RestoreRecord.Outcome.RESTORED, commit.clockMillis()));
    }
    BackupRecord restored = commit.backup();
    if (restored != null) {
      state =
          state.withBackup(
              new BackupRecord(
                  restored.destination(),
                  generation,
                  entry.index(),
                  restored.sha256(),
                  restored.sizeBytes(),
                  restored.etag(),
                  restored.versionId(),
                  entry.term(),
                  restored.timeMillis()));
    }
    StatePayload next = new StatePayload(entry.term(), state, null);
    forceJournal();
    try {
      store.replace(stagingPath(load), next.encode());
    } catch (SqliteException.InvalidDatabase e) {
      // The hash is right, so the file is the same everywhere, and so is this answer.
      drop(load);
      payload = with(payload, entry.term(), entry.index(), payload.state(), null);
      return new Applied.Refused("not a sound SQLite database: " + e.getMessage(), false);
    }
    payload = next;
    capture();
    recorded();
    return new Applied.Done();
  }

  /**
   * Makes the record name what has been applied so far.
   *
   * @return the record's log index; an older one when the checkpoint was put off
   */
  long checkpoint() throws IOException {
    StatePayload now = payload;
    if (now.state().appliedIndex() < 0 || now.state().appliedIndex() == recordIndex) {
      return recordIndex;
    }
    if (now.load() != null) {
      staging.force(now.load());
    }
    forceJournal();
    if (store.checkpoint(now.encode())) {
      recorded();
    }
    return recordIndex;
  }

  /** As of what has been applied; empty when a checkpoint is put off. */
  private Optional<DatabaseCopy> copy() throws IOException {
    return checkpoint() == payload.state().appliedIndex()
        ? Optional.of(store.copy())
        : Optional.empty();
  }

  /** Takes over another node's copy: the staged file with the record it came with. */
  void install(Path file, byte[] record, boolean foreignKeys) throws IOException {
    StatePayload installed = StatePayload.decode(record);
    staging.close();
    if (installed.load() != null) {
      staging.force(installed.load());
    }
    forceJournal();
    store.replace(file, record, foreignKeys);
    payload = installed;
    beginJournal(false);
    recordIndex = installed.state().appliedIndex();
    recordTerm = installed.term();
    staging.reset(installed.load());
  }

  void close() throws IOException {
    staging.close();
    store.close();
  }

  private void recorded() throws IOException {
    recordIndex = payload.state().appliedIndex();
    recordTerm = payload.term();
    staging.recordWritten(payload.load());
  }

  private void drop(@Nullable OpenLoad load) {
    if (load != null) {
      staging.drop(load);
    }
  }

  private static StatePayload with(
      StatePayload before, long term, long index, ReplicatedState state, @Nullable OpenLoad load) {
    return new StatePayload(Math.max(term, before.term()), state.withApplied(index), load);
  }
}
