package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupManifest;
import io.liferaft.archive.StoredBackup;
import io.liferaft.raft.NodeStatus.Phase;
import io.liferaft.raft.RestoreRecord;
import io.liferaft.restore.RestoreDecision.AfterFailure;
import io.liferaft.restore.RestoreDecision.BackOff;
import io.liferaft.restore.RestoreDecision.EndDisabled;
import io.liferaft.restore.RestoreDecision.EndNothingThere;
import io.liferaft.restore.RestoreDecision.Facts;
import io.liferaft.restore.RestoreDecision.Fault;
import io.liferaft.restore.RestoreDecision.Finished;
import io.liferaft.restore.RestoreDecision.Follow;
import io.liferaft.restore.RestoreDecision.HandOn;
import io.liferaft.restore.RestoreDecision.Look;
import io.liferaft.restore.RestoreDecision.LookAlso;
import io.liferaft.restore.RestoreDecision.Next;
import io.liferaft.restore.RestoreDecision.Place;
import io.liferaft.restore.RestoreDecision.Restore;
import io.liferaft.restore.RestoreDecision.Retry;
import io.liferaft.restore.RestoreDecision.StartEmpty;
import io.liferaft.restore.RestoreDecision.Tried;
import io.liferaft.restore.RestoreDecision.Vanished;
import io.liferaft.restore.RestoreDecision.Wait;
import io.liferaft.restore.RestoreProperties.OnFailure;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RestoreDecisionTests {

  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final RestoreRecord UNDECIDED = new RestoreRecord.Undecided();
  private static final RestoreRecord BEGUN = new RestoreRecord.Begun(4, "s3://begun/key");
  private static final String SOURCE = "s3://bucket/key";
  private static final String SECOND = "file:/mnt/second/";

  static Stream<Arguments> next() {
    return Stream.of(
        row(
            "another leads",
            UNDECIDED,
            Phase.RUNNING,
            true,
            "n2",
            false,
            false,
            SOURCE,
            0,
            new Follow("n2")),
        row(
            "another leads and has begun",
            BEGUN,
            Phase.RUNNING,
            true,
            "n2",
            false,
            false,
            SOURCE,
            0,
            new Follow("n2")),
        row(
            "no leader",
            UNDECIDED,
            Phase.RUNNING,
            true,
            null,
            false,
            false,
            SOURCE,
            0,
            new Wait("no leader is known")),
        row(
            "opening",
            UNDECIDED,
            Phase.OPENING,
            true,
            "n1",
            true,
            true,
            SOURCE,
            0,
            new Wait("this node is opening")),
        row(
            "forming",
            UNDECIDED,
            Phase.FORMING,
            false,
            null,
            false,
            false,
            SOURCE,
            0,
            new Wait("this node is forming")),
        row(
            "leads, not ready",
            UNDECIDED,
            Phase.RUNNING,
            true,
            "n1",
            true,
            false,
            SOURCE,
            0,
            new Wait("this node leads and has not applied its log yet")),
        row(
            "not formed",
            UNDECIDED,
            Phase.RUNNING,
            false,
            "n1",
            true,
            true,
            SOURCE,
            0,
            new Wait("a majority of the initial cluster has not joined yet")),
        row(
            "not formed, off",
            UNDECIDED,
            Phase.RUNNING,
            false,
            "n1",
            true,
            true,
            null,
            0,
            new Wait("a majority of the initial cluster has not joined yet")),
        row(
            "backing off",
            UNDECIDED,
            Phase.RUNNING,
            true,
            "n1",
            true,
            true,
            SOURCE,
            1,
            new BackOff(NOW.plusSeconds(1))),
        row("off", UNDECIDED, Phase.RUNNING, true, "n1", true, true, null, 0, new EndDisabled()),
        row(
            "ready leader",
            UNDECIDED,
            Phase.RUNNING,
            true,
            "n1",
            true,
            true,
            SOURCE,
            0,
            new Look(SOURCE, false, null)),
        row(
            "begun elsewhere",
            BEGUN,
            Phase.RUNNING,
            true,
            "n1",
            true,
            true,
            SOURCE,
            0,
            new Look("s3://begun/key", true, null)),
        row(
            "begun elsewhere, off here",
            BEGUN,
            Phase.RUNNING,
            true,
            "n1",
            true,
            true,
            null,
            0,
            new Look("s3://begun/key", true, null)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void next(String name, Facts facts, Next expected) {
    assertThat(RestoreDecision.of(facts)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void nothingStartsAgainWhatHasEnded(RestoreRecord.Outcome outcome) {
    for (Phase phase : Phase.values()) {
      for (int bits = 0; bits < 1 << 4; bits++) {
        boolean leads = (bits & 1) != 0;
        Facts facts =
            new Facts(
                new RestoreRecord.Ended(outcome, 1),
                (bits & 2) != 0 ? 9 : 0,
                (bits & 4) != 0,
                phase,
                (bits & 8) != 0,
                leads ? "n1" : null,
                leads,
                leads,
                SOURCE,
                null,
                null,
                Tried.NOTHING,
                NOW,
                NOW);

        assertThat(RestoreDecision.of(facts))
            .isEqualTo(new Finished(RestoreDecision.word(outcome)));
      }
    }
  }

  @Test
  void dataIsNeverRestoredOver() {
    for (RestoreRecord record : List.of(UNDECIDED, BEGUN)) {
      assertThat(RestoreDecision.of(facts(record, 1, false))).isEqualTo(new Finished("skipped"));
      assertThat(RestoreDecision.of(facts(record, 1, true))).isEqualTo(new Finished("skipped"));
      assertThat(RestoreDecision.of(facts(record, 0, false)))
          .as("the state that goes with the database follows")
          .isInstanceOf(Wait.class);
    }
  }

  private static Facts facts(RestoreRecord record, long changeIndex, boolean empty) {
    return new Facts(
        record,
        changeIndex,
        empty,
        Phase.RUNNING,
        true,
        "n1",
        true,
        true,
        SOURCE,
        null,
        null,
        Tried.NOTHING,
        NOW,
        NOW);
  }

  @Test
  void onlyAnAnswerOfTheStoreLetsAClusterStartEmpty() {
    StoredBackup backup =
        new StoredBackup(
            new BackupManifest(null, null, 0, 0, null, -1, false, List.of(), null, null, null),
            "key",
            "etag",
            null,
            1,
            NOW);

    assertThat(RestoreDecision.found(false, null, null)).isEqualTo(new EndNothingThere());
    assertThat(RestoreDecision.found(true, null, null)).isEqualTo(new Vanished());
    assertThat(RestoreDecision.found(false, backup, null)).isEqualTo(new Restore(backup));
    assertThat(RestoreDecision.found(true, backup, null)).isEqualTo(new Restore(backup));
    assertThat(RestoreDecision.found(false, null, SECOND)).isEqualTo(new LookAlso(SECOND));
    assertThat(RestoreDecision.found(true, null, SECOND)).isEqualTo(new LookAlso(SECOND));
    assertThat(RestoreDecision.found(false, backup, SECOND)).isEqualTo(new Restore(backup));
  }

  @Test
  void startsEmptyOnlyByPolicyAndAfterFailuresOfTheStoreOrBackupThatPersist() {
    for (Fault fault : Fault.values()) {
      for (int attempts = 1; attempts < 6; attempts++) {
        for (OnFailure policy : OnFailure.values()) {
          for (int members : new int[] {1, 3}) {
            for (boolean others : new boolean[] {true, false}) {
              AfterFailure expected = new Retry();
              if (attempts >= 3 && fault == Fault.STORE && others && members > 1) {
                expected = new HandOn();
              } else if (attempts >= 3
                  && (fault == Fault.STORE || fault == Fault.BACKUP)
                  && policy == OnFailure.START_EMPTY) {
                expected = new StartEmpty();
              }

              assertThat(
                      RestoreDecision.failed(
                          fault, attempts, attempts, policy, others, members, false))
                  .as("%s %s %s %s %s", fault, attempts, policy, members, others)
                  .isEqualTo(expected);
            }
          }
        }
      }
    }
  }

  /** A former member that is alive is met by who reaches it: nobody else is to be asked instead. */
  @Test
  void letsAnotherNodeTryOnlyWhatThatOneMayDoBetter() {
    for (Fault fault : Fault.values()) {
      boolean may = fault == Fault.STORE || fault == Fault.NODE;

      assertThat(after(fault, 5, 3)).isEqualTo(new Retry());
      assertThat(after(fault, 6, 3)).isEqualTo(may ? new HandOn() : new Retry());
      assertThat(after(fault, 60, 3)).isEqualTo(may ? new HandOn() : new Retry());
      assertThat(after(fault, 60, 1)).as("alone").isEqualTo(new Retry());
    }
  }

  private static AfterFailure after(Fault fault, int attempts, int members) {
    return RestoreDecision.failed(fault, attempts, 0, OnFailure.HOLD, false, members, false);
  }

  // --- two places ---

  static Stream<Arguments> two() {
    Tried nothing = Tried.NOTHING;
    Tried twice = new Tried(2, false, false);
    Tried thrice = new Tried(3, false, false);
    Tried secondFailed = new Tried(3, true, true);
    Tried again = new Tried(4, false, true);
    return Stream.of(
        two("the first, then the other", null, nothing, new Look(SOURCE, false, SECOND)),
        two("two failures are not enough", null, twice, new Look(SOURCE, false, SECOND)),
        two("three are", null, thrice, new Look(SECOND, false, SOURCE)),
        two("then the first again", null, secondFailed, new Look(SOURCE, false, SECOND)),
        two("and the second", null, again, new Look(SECOND, false, SOURCE)),
        two("begun from the first", Place.FIRST, nothing, new Look(SOURCE, true, null)),
        two("which keeps failing", Place.FIRST, thrice, new Look(SECOND, true, SOURCE)),
        two("begun from the second", Place.SECOND, nothing, new Look(SOURCE, true, SECOND)),
        two("whose turn comes", Place.SECOND, thrice, new Look(SECOND, true, null)),
        two("begun elsewhere", Place.ELSEWHERE, thrice, new Look("s3://begun/key", true, null)));
  }

  private static Arguments two(String name, @Nullable Place begunAt, Tried tried, Next expected) {
    RestoreRecord record = begunAt == null ? UNDECIDED : BEGUN;
    return Arguments.of(
        name,
        new Facts(
            record,
            0,
            true,
            Phase.RUNNING,
            true,
            "n1",
            true,
            true,
            SOURCE,
            SECOND,
            begunAt,
            tried,
            NOW,
            NOW),
        expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void two(String name, Facts facts, Next expected) {
    assertThat(RestoreDecision.of(facts)).isEqualTo(expected);
  }

  @Test
  void aBackupIsNewerByTheLogAndFromGenerationToGenerationByTime() {
    StoredBackup here = made("A", "g1", 70, 5);

    assertThat(RestoreDecision.isNewer(made("A", "g1", 71, 4), here)).isTrue();
    assertThat(RestoreDecision.isNewer(made("A", "g1", 70, 9), here)).isFalse();
    assertThat(RestoreDecision.isNewer(made("A", "g1", 69, 9), here)).isFalse();
    assertThat(RestoreDecision.isNewer(made("A", "g2", 3, 6), here)).isTrue();
    assertThat(RestoreDecision.isNewer(made("A", "g0", 99, 4), here)).isFalse();
    assertThat(RestoreDecision.isNewer(made("B", "g1", 99, 9), here)).isFalse();
    assertThat(RestoreDecision.isNewer(made(null, null, 0, 9), here)).isFalse();
    assertThat(RestoreDecision.isNewer(here, made(null, null, 0, 1))).isFalse();
  }

  private static StoredBackup made(
      @Nullable String cluster, @Nullable String generation, long index, long second) {
    Instant created = NOW.plusSeconds(second);
    return new StoredBackup(
        new BackupManifest(
            cluster, generation, 1, index, null, -1, false, List.of(), null, null, created),
        "key",
        "etag",
        null,
        1,
        NOW);
  }

  @Test
  void countsOnlyFailuresOfTheFirstInARow() {
    Tried twice = Tried.NOTHING.failed(Fault.STORE, Place.FIRST).failed(Fault.BACKUP, Place.FIRST);
    assertThat(twice).isEqualTo(new Tried(2, false, false));
    assertThat(twice.secondsTurn()).isFalse();

    assertThat(twice.empty(Place.FIRST).firstFailures()).isZero();
    assertThat(twice.failed(Fault.OTHER, Place.FIRST).firstFailures()).isZero();
    assertThat(twice.failed(Fault.STORE, Place.ELSEWHERE)).isEqualTo(twice);
    Tried thrice = twice.failed(Fault.STORE, Place.FIRST);
    assertThat(thrice.secondsTurn()).isTrue();
    assertThat(thrice.failed(Fault.STORE, Place.SECOND)).isEqualTo(new Tried(3, true, true));
    assertThat(thrice.failed(Fault.STORE, Place.SECOND).secondsTurn()).isFalse();
    assertThat(thrice.empty(Place.SECOND).secondAsked()).isTrue();

    Tried emptyThenFailing = Tried.NOTHING;
    for (int i = 0; i < 5; i++) {
      emptyThenFailing = emptyThenFailing.empty(Place.FIRST).failed(Fault.STORE, Place.SECOND);
      assertThat(emptyThenFailing.secondsTurn()).as("the first answers").isFalse();
    }
  }

  @Test
  void startsEmptyByPolicyOnlyWhenTheSecondWasAskedAsWell() {
    OnFailure policy = OnFailure.START_EMPTY;

    assertThat(RestoreDecision.failed(Fault.STORE, 9, 9, policy, false, 1, true))
        .isEqualTo(new Retry());
    assertThat(RestoreDecision.failed(Fault.STORE, 9, 9, policy, false, 1, false))
        .isEqualTo(new StartEmpty());
  }

  private static Arguments row(
      String name,
      RestoreRecord record,
      Phase phase,
      boolean formed,
      @Nullable String leaderId,
      boolean leads,
      boolean readyLeader,
      @Nullable String source,
      int waitSeconds,
      Next expected) {
    Facts facts =
        new Facts(
            record,
            0,
            true,
            phase,
            formed,
            leaderId,
            leads,
            readyLeader,
            source,
            null,
            null,
            Tried.NOTHING,
            NOW,
            NOW.plusSeconds(waitSeconds));
    return Arguments.of(name, facts, expected);
  }
}
