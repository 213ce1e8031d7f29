package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetentionPolicyTests {

  private static final int SEEDS = 500;

  private static final RetentionPolicy LEAST = new RetentionPolicy(Duration.ZERO, 0, 0, 0, 0, 1);

  /** Wednesday, Sunday, Monday, Tuesday. */
  private static final List<BackupId> TIMES =
      ids(
          "2025-12-31T23:00:00Z",
          "2026-01-04T10:00:00Z",
          "2026-01-05T00:00:00Z",
          "2026-01-05T00:59:59Z",
          "2026-01-05T01:00:00Z",
          "2026-01-06T09:00:00Z",
          "2026-01-06T09:30:00Z",
          "2026-01-06T11:10:00Z",
          "2026-01-06T11:20:00Z");

  private static final Instant NOW = Instant.parse("2026-01-06T12:00:00Z");

  private static List<BackupId> ids(String... times) {
    List<BackupId> ids = new ArrayList<>();
    for (String time : times) {
      ids.add(id(ids.size(), Instant.parse(time), null));
    }
    return List.copyOf(ids);
  }

  private static BackupId id(int index, Instant created, @Nullable String base) {
    return new BackupId(
        1, "aaaaaaaa", 3, index, created, HexFormat.of().toHexDigits(0xabc00000 + index), base);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0, 0, 0, 0, 1, 8",
    "PT3H, 0, 0, 0, 0, 1, 6 7 8",
    "PT24000H, 0, 0, 0, 0, 1, 0 1 2 3 4 5 6 7 8",
    "PT0S, 1, 0, 0, 0, 1, 8",
    "PT0S, 2, 0, 0, 0, 1, 6 8",
    "PT0S, 3, 0, 0, 0, 1, 4 6 8",
    "PT0S, 4, 0, 0, 0, 1, 3 4 6 8",
    "PT0S, 99, 0, 0, 0, 1, 0 1 3 4 6 8",
    "PT0S, 0, 2, 0, 0, 1, 4 8",
    "PT0S, 0, 3, 0, 0, 1, 1 4 8",
    "PT0S, 0, 99, 0, 0, 1, 0 1 4 8",
    "PT0S, 0, 0, 1, 0, 1, 8",
    "PT0S, 0, 0, 2, 0, 1, 1 8",
    "PT0S, 0, 0, 99, 0, 1, 1 8",
    "PT0S, 0, 0, 0, 1, 1, 8",
    "PT0S, 0, 0, 0, 2, 1, 0 8",
    "PT0S, 0, 0, 0, 0, 3, 6 7 8",
    "PT0S, 0, 0, 0, 0, 99, 0 1 2 3 4 5 6 7 8",
    "PT1H, 2, 2, 2, 2, 2, 0 1 4 6 7 8",
  })
  void keepsWhatItSays(
      Duration keepAll, int hourly, int daily, int weekly, int monthly, int minimum, String kept) {
    RetentionPolicy policy = new RetentionPolicy(keepAll, hourly, daily, weekly, monthly, minimum);

    Set<BackupId> stays = policy.keep(TIMES.reversed(), Set.of(), NOW);

    assertThat(stays)
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(kept.split(" ")).map(n -> TIMES.get(Integer.parseInt(n))).toList());
  }

  @Test
  void keepsNothingOfNothing() {
    assertThat(LEAST.keep(List.of(), Set.of("x"), NOW)).isEmpty();
  }

  @Test
  void keepsWhatIsPinnedAndWhatTheKeptAreToldAgainst() {
    BackupId pinned = id(0, NOW.minusSeconds(900), null);
    BackupId base = id(1, NOW.minusSeconds(800), null);
    BackupId between = id(2, NOW.minusSeconds(700), base.random());
    BackupId newest = id(3, NOW.minusSeconds(600), base.random());

    assertThat(
            LEAST.keep(List.of(pinned, base, between, newest), Set.of(pinned.name(), "other"), NOW))
        .containsExactlyInAnyOrder(pinned, base, newest);
  }

  @Test
  void keepsTheBaseOfWhatIsPinned() {
    BackupId base = id(1, NOW.minusSeconds(800), null);
    BackupId pinned = id(2, NOW.minusSeconds(700), base.random());
    BackupId newest = id(3, NOW.minusSeconds(600), null);

    assertThat(LEAST.keep(List.of(base, pinned, newest), Set.of(pinned.name()), NOW))
        .containsExactlyInAnyOrder(base, pinned, newest);
  }

  @Test
  void idsFromTheFutureTakeNobodysPlace() {
    RetentionPolicy policy = new RetentionPolicy(Duration.ZERO, 3, 0, 0, 0, 2);
    List<BackupId> all = new ArrayList<>(TIMES);
    List<BackupId> future = new ArrayList<>();
    for (int n = 0; n < 9; n++) {
      future.add(id(100 + n, NOW.plusSeconds(4000L * (n + 1)), null));
    }
    all.addAll(future);

    assertThat(policy.keep(all, Set.of(), NOW))
        .containsAll(policy.keep(TIMES, Set.of(), NOW))
        .containsAll(future);
  }

  @Test
  void refusesNonsense() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RetentionPolicy(Duration.ofSeconds(-1), 1, 1, 1, 1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RetentionPolicy(Duration.ZERO, 1, 1, 1, -1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RetentionPolicy(Duration.ZERO, 1, 1, 1, 1, 0));
  }

  // --- what holds for every history ---

  private record Case(
      List<BackupId> all, Set<String> pinned, RetentionPolicy policy, Instant now) {}

  private static Case random(long seed) {
    Random chance = new Random(seed);
    List<BackupId> all = new ArrayList<>();
    Set<String> pinned = new HashSet<>();
    Instant time = Instant.parse("2025-12-20T00:00:00Z");
    int ordinal = 1;
    int term = 1;
    int index = 1;
    String base = null;
    int count = 1 + chance.nextInt(120);
    for (int n = 0; n < count; n++) {
      switch (chance.nextInt(14)) {
        case 0 -> {
          ordinal++;
          base = null;
        }
        case 1 -> term++;
        case 2 -> time = time.minus(Duration.ofMinutes(chance.nextInt(3000)));
        case 3 -> time = time.plus(Duration.ofHours(chance.nextInt(500)));
        default -> {}
      }
      index += chance.nextInt(3);
      time = time.plusSeconds(chance.nextInt(4000));
      String random = HexFormat.of().toHexDigits(chance.nextInt());
      boolean full = base == null || chance.nextInt(5) == 0;
      BackupId id =
          new BackupId(
              ordinal,
              HexFormat.of().toHexDigits(ordinal),
              term,
              index,
              time,
              random,
              full ? null : base);
      base = full ? random : base;
      all.add(id);
      if (chance.nextInt(20) == 0) {
        pinned.add(id.name());
      }
    }
    RetentionPolicy policy =
        new RetentionPolicy(
            Duration.ofMinutes(chance.nextInt(3) * 700L),
            chance.nextInt(6),
            chance.nextInt(6),
            chance.nextInt(4),
            chance.nextInt(3),
            1 + chance.nextInt(5));
    Instant now = time.plus(Duration.ofHours(chance.nextInt(300) - 100));
    return new Case(all, pinned, policy, now);
  }

  @Test
  void whatStaysStaysWhenItIsAppliedAgain() {
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = random(seed);

      Set<BackupId> kept = one.policy().keep(one.all(), one.pinned(), one.now());

      assertThat(one.policy().keep(List.copyOf(kept), one.pinned(), one.now()))
          .as("seed %d", seed)
          .isEqualTo(kept);
    }
  }

  @Test
  void neverDropsTheNewestNorLessThanTheMinimumNorAPinNorABase() {
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = random(seed);

      Set<BackupId> kept = one.policy().keep(one.all(), one.pinned(), one.now());

      assertThat(kept)
          .as("seed %d", seed)
          .contains(one.all().stream().max(BackupId::compareTo).orElseThrow())
          .hasSizeGreaterThanOrEqualTo(Math.min(one.policy().minimum(), one.all().size()))
          .containsAll(one.all().stream().filter(id -> one.pinned().contains(id.name())).toList());
      for (BackupId id : one.all()) {
        assertThat(kept.contains(id) || kept.stream().noneMatch(id::isBaseOf))
            .as("seed %d: %s", seed, id)
            .isTrue();
      }
    }
  }

  @Test
  void keepsNoLessWhenTheClockIsEarlierOrIdsOfTheFutureCome() {
    for (long seed = 0; seed < SEEDS; seed++) {
      Case one = random(seed);
      Set<BackupId> kept = one.policy().keep(one.all(), one.pinned(), one.now());
      Instant earlier = one.now().minus(Duration.ofMinutes(new Random(seed).nextInt(20_000)));
      List<BackupId> past =
          one.all().stream().filter(id -> !id.created().isAfter(one.now())).toList();

      assertThat(one.policy().keep(one.all(), one.pinned(), earlier))
          .as("seed %d", seed)
          .containsAll(kept);
      assertThat(kept)
          .as("seed %d", seed)
          .containsAll(one.policy().keep(past, one.pinned(), one.now()));
    }
  }

  @Test
  void ordersIdsAsTheirNamesSort() {
    for (long seed = 0; seed < 50; seed++) {
      List<BackupId> all = random(seed).all();

      assertThat(all.stream().sorted().map(BackupId::fileName).toList())
          .isEqualTo(all.stream().map(BackupId::fileName).sorted().collect(Collectors.toList()));
    }
  }
}
