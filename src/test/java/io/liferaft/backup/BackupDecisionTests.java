package io.liferaft.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDecision.Copied;
import io.liferaft.backup.BackupDecision.Copy;
import io.liferaft.backup.BackupDecision.Due;
import io.liferaft.backup.BackupDecision.Facts;
import io.liferaft.backup.BackupDecision.Look;
import io.liferaft.backup.BackupDecision.PreserveThenUpload;
import io.liferaft.backup.BackupDecision.Reason;
import io.liferaft.backup.BackupDecision.RecordOnly;
import io.liferaft.backup.BackupDecision.Refuse;
import io.liferaft.backup.BackupDecision.Seen;
import io.liferaft.backup.BackupDecision.Skip;
import io.liferaft.backup.BackupDecision.Step;
import io.liferaft.backup.BackupDecision.Stop;
import io.liferaft.backup.BackupDecision.Upload;
import io.liferaft.objectstore.PutCondition.IfAbsent;
import io.liferaft.objectstore.PutCondition.IfMatch;
import io.liferaft.raft.BackupRecord;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BackupDecisionTests {

  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Seen NOTHING = new Seen(null);

  // --- before the copy ---

  static Stream<Arguments> due() {
    BackupRecord at7 = recorded("g1", 7, "e1", "h", 3);
    return Stream.of(
        row(
            "another leads",
            facts(false, true, false, 0, "g1", 7, null, null, false),
            skip(Reason.NOT_LEADER)),
        row(
            "restore not over",
            facts(true, false, false, 0, "g1", 7, null, null, false),
            skip(Reason.NOT_READY)),
        row("stopped", facts(true, true, true, 0, "g1", 7, at7, null, false), skip(Reason.STOPPED)),
        row(
            "backing off",
            facts(true, true, false, 1, "g1", 7, null, null, false),
            skip(Reason.BACKING_OFF)),
        row(
            "nothing written",
            facts(true, true, false, 0, "g1", 0, null, null, false),
            skip(Reason.NOTHING_WRITTEN)),
        row(
            "first write, not looked",
            facts(true, true, false, 0, "g1", 7, null, null, false),
            new Look()),
        row(
            "unchanged, not looked",
            facts(true, true, false, 0, "g1", 7, at7, null, false),
            new Look()),
        row(
            "refused, not looked",
            facts(true, true, false, 0, "g1", 7, at7, null, true),
            new Look()),
        row(
            "unchanged and there",
            facts(true, true, false, 0, "g1", 7, at7, seen("e1"), false),
            skip(Reason.UNCHANGED)),
        row(
            "unchanged but vanished",
            facts(true, true, false, 0, "g1", 7, at7, NOTHING, false),
            new Copy()),
        row(
            "unchanged but replaced",
            facts(true, true, false, 0, "g1", 7, at7, seen("e2"), false),
            new Copy()),
        row("changed", facts(true, true, false, 0, "g1", 8, at7, seen("e1"), false), new Copy()),
        row(
            "other generation, same index",
            facts(true, true, false, 0, "g2", 7, at7, seen("e1"), false),
            new Copy()),
        row(
            "never backed up",
            facts(true, true, false, 0, "g1", 7, null, NOTHING, false),
            new Copy()),
        row(
            "refused before",
            facts(true, true, false, 0, "g1", 8, at7, seen("e1"), true),
            skip(Reason.REFUSED)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void due(String name, Facts facts, Due expected) {
    assertThat(BackupDecision.due(facts)).isEqualTo(expected);
  }

  @Test
  void neitherAsksNorCopiesUnlessItLeadsIsReadyAndMay() {
    for (int bits = 0; bits < 1 << 9; bits++) {
      boolean leads = bit(bits, 0);
      boolean ready = bit(bits, 1);
      boolean stopped = bit(bits, 2);
      boolean waits = bit(bits, 3);
      BackupRecord record =
          bit(bits, 4) ? recorded("g1", bit(bits, 5) ? 7 : 6, "e1", "h", 3) : null;
      Seen seen = bit(bits, 6) ? seen(bit(bits, 7) ? "e1" : "e2") : null;

      Due decision =
          BackupDecision.due(
              facts(leads, ready, stopped, waits ? 1 : 0, "g1", 7, record, seen, bit(bits, 8)));

      boolean may = leads && ready && !stopped && !waits;
      if (!may) {
        assertThat(decision).as("%s", bits).isInstanceOf(Skip.class);
      } else if (seen == null) {
        assertThat(decision).as("%s", bits).isEqualTo(new Look());
      }
      if (decision instanceof Copy) {
        assertThat(seen).as("%s", bits).isNotNull();
      }
    }
  }

  private static boolean bit(int bits, int n) {
    return (bits >> n & 1) == 1;
  }

  // --- with the copy ---

  static Stream<Arguments> of() {
    Copied ours = new Copied("A", "g1", 8, 5, "h8", false);
    Copied empty = new Copied("A", "g1", 8, 5, "h0", true);
    BackupRecord at7 = recorded("g1", 7, "e1", "h7", 3);
    BackupRecord same = recorded("g1", 7, "e1", "h8", 3);
    BackupRecord restored = recorded("g1", 7, "e1", "h7", 0);
    BackupRecord earlier = recorded("g0", 7, "e1", "h7", 3);
    StoredBackup own7 = stored("e1", "A", "g1", 3, 7, "h7", false);
    StoredBackup lost8 = stored("e2", "A", "g1", 5, 8, "h8", false);
    StoredBackup lost8OtherBytes = stored("e2", "A", "g1", 4, 8, "other", false);
    StoredBackup straggler = stored("e2", "A", "g1", 3, 6, "h6", false);
    StoredBackup laterTerm = stored("e2", "A", "g1", 6, 8, "other", false);
    StoredBackup sameLater = stored("e2", "A", "g1", 6, 8, "h8", false);
    StoredBackup sameEarlier = stored("e2", "A", "g0", 9, 70, "h8", false);
    StoredBackup sameForeign = stored("e9", "B", "g0", 9, 70, "h8", false);
    StoredBackup laterIndex = stored("e2", "A", "g1", 5, 9, "h9", false);
    StoredBackup foreign = stored("e9", "B", "g1", 1, 3, "x", false);
    StoredBackup foreignEmpty = stored("e9", "B", "g1", 1, 3, "x", true);
    StoredBackup unknown = stored("e9", null, null, 0, 0, null, false);
    StoredBackup lostEarlier = stored("e2", "A", "g0", 3, 7, "h7", false);
    return Stream.of(
        step("first ever", ours, null, null, false, new Upload(new IfAbsent(), false)),
        step("vanished", ours, at7, null, false, new Upload(new IfAbsent(), true)),
        step("empty, nothing there", empty, null, null, false, new Upload(new IfAbsent(), false)),
        step("changed", ours, at7, own7, false, upload("e1")),
        step("equal content, new index", ours, same, own7, false, new RecordOnly(own7)),
        step("record lost, same content", ours, at7, lost8, false, new RecordOnly(lost8)),
        step("record lost, none before", ours, null, lost8, false, new RecordOnly(lost8)),
        step(
            "record lost, or disks set back and written on",
            ours,
            at7,
            lost8OtherBytes,
            false,
            new PreserveThenUpload(lost8OtherBytes, true)),
        step(
            "the same without any record",
            ours,
            null,
            lost8OtherBytes,
            false,
            new PreserveThenUpload(lost8OtherBytes, true)),
        step("a straggler of before the record", ours, at7, straggler, false, upload("e2")),
        step("after a restore, first write", ours, restored, own7, false, upload("e1")),
        step(
            "after rqlite's was restored",
            ours,
            restored,
            stored("e1", null, null, 0, 0, null, false),
            false,
            upload("e1")),
        step(
            "restored from the other place, the same lies here",
            ours,
            null,
            sameEarlier,
            false,
            new RecordOnly(sameEarlier)),
        step(
            "restored from the other place, other content lies here",
            ours,
            null,
            lostEarlier,
            false,
            new PreserveThenUpload(lostEarlier, false)),
        step(
            "another cluster's of the same content",
            ours,
            null,
            sameForeign,
            false,
            new PreserveThenUpload(sameForeign, false)),
        step("foreign again, same content", ours, at7, sameForeign, false, new Stop(sameForeign)),
        step(
            "not ours any more, same content",
            ours,
            at7,
            sameEarlier,
            false,
            new Stop(sameEarlier)),
        step(
            "recovered or set back in place, the same lies here: it is of another generation",
            ours,
            recorded("g0", 70, "e2", "h8", 3),
            sameEarlier,
            false,
            new PreserveThenUpload(sameEarlier, true)),
        step(
            "the same of a later term, no record",
            ours,
            null,
            sameLater,
            false,
            new RecordOnly(sameLater)),
        step("after a load", ours, earlier, own7, false, new PreserveThenUpload(own7, true)),
        step(
            "after a load, record lost",
            ours,
            earlier,
            lostEarlier,
            false,
            new PreserveThenUpload(lostEarlier, true)),
        step(
            "foreign, never ours",
            ours,
            null,
            foreign,
            false,
            new PreserveThenUpload(foreign, false)),
        step(
            "unknown, never ours",
            ours,
            null,
            unknown,
            false,
            new PreserveThenUpload(unknown, false)),
        step("foreign after a restore", ours, restored, foreign, false, new Stop(foreign)),
        step("foreign again", ours, at7, foreign, false, new Stop(foreign)),
        step("unknown again", ours, at7, unknown, false, new Stop(unknown)),
        step(
            "foreign again, allowed",
            ours,
            at7,
            foreign,
            true,
            new PreserveThenUpload(foreign, false)),
        step("ours of a later term", ours, at7, laterTerm, false, new Stop(laterTerm)),
        step("ours of a later index", ours, at7, laterIndex, false, new Stop(laterIndex)),
        step(
            "ours of a later term, no record",
            ours,
            null,
            laterTerm,
            false,
            new PreserveThenUpload(laterTerm, false)),
        step("empty over ours", empty, at7, own7, false, new Refuse(own7)),
        step("empty over foreign", empty, null, foreign, false, new Refuse(foreign)),
        step("empty over unknown", empty, null, unknown, false, new Refuse(unknown)),
        step("empty over foreign, allowed", empty, at7, foreign, true, new Refuse(foreign)),
        step("empty, foreign again", empty, at7, foreign, false, new Stop(foreign)),
        step(
            "empty over empty",
            empty,
            null,
            foreignEmpty,
            false,
            new PreserveThenUpload(foreignEmpty, false)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void of(
      String name,
      Copied copied,
      @Nullable BackupRecord recorded,
      @Nullable StoredBackup stored,
      boolean allowed,
      Step expected) {
    assertThat(BackupDecision.of(copied, recorded, stored, allowed)).isEqualTo(expected);
  }

  private static Upload upload(String etag) {
    return new Upload(new IfMatch(etag), false);
  }

  private static Skip skip(Reason reason) {
    return new Skip(reason);
  }

  private static Arguments row(String name, Facts facts, Due expected) {
    return Arguments.of(name, facts, expected);
  }

  private static Arguments step(
      String name,
      Copied copied,
      @Nullable BackupRecord recorded,
      @Nullable StoredBackup stored,
      boolean allowed,
      Step expected) {
    return Arguments.of(name, copied, recorded, stored, allowed, expected);
  }

  private static Facts facts(
      boolean leads,
      boolean ready,
      boolean stopped,
      int waitSeconds,
      String generation,
      long changeIndex,
      @Nullable BackupRecord recorded,
      @Nullable Seen seen,
      boolean refused) {
    return new Facts(
        leads,
        ready,
        stopped,
        NOW,
        NOW.plusSeconds(waitSeconds),
        generation,
        changeIndex,
        recorded,
        seen,
        refused);
  }

  private static BackupRecord recorded(
      String generation, long index, String etag, String sha256, long term) {
    return new BackupRecord("d", generation, index, sha256, 1, etag, null, term, 0);
  }

  private static Seen seen(String etag) {
    return new Seen(stored(etag, "A", "g1", 3, 7, "h", false));
  }

  private static StoredBackup stored(
      String etag,
      @Nullable String clusterId,
      @Nullable String generation,
      long term,
      long index,
      @Nullable String sha256,
      boolean empty) {
    return new StoredBackup(
        new BackupManifest(
            clusterId, generation, term, index, sha256, 1, empty, List.of(), null, null, null),
        "key",
        etag,
        null,
        1,
        NOW);
  }
}
