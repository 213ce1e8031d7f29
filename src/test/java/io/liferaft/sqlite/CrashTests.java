package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stops the store before each step it takes on its files and opens what is on disk then. */
class CrashTests {

  @TempDir Path folder;

  /** Copies the folder and throws before step {@code stopAt}; steps count from 1. */
  private static final class StoppingFiles implements FileBorder {
    private final FileBorder disk = new DiskFiles();
    private final List<String> steps = new ArrayList<>();
    private final Path from;
    private Path to;
    private int stopAt = Integer.MAX_VALUE;
    private boolean half;

    StoppingFiles(Path from, Path to) {
      this.from = from;
      this.to = to;
    }

    void arm(int step, boolean halfDone) {
      steps.clear();
      stopAt = step;
      half = halfDone;
    }

    private void step(String name) throws IOException {
      steps.add(name);
      if (steps.size() == stopAt) {
        copy(from, to);
        throw new Crash(name);
      }
    }

    @Override
    public void write(Path file, byte[] content) throws IOException {
      if (half && steps.size() + 1 == stopAt) {
        Files.write(file, java.util.Arrays.copyOf(content, content.length / 2));
      }
      step("write " + file.getFileName());
      disk.write(file, content);
    }

    @Override
    public void force(Path file) throws IOException {
      step("force " + file.getFileName());
    }

    @Override
    public void force(RandomAccessFile open, Path file) throws IOException {
      step("force open " + file.getFileName());
    }

    @Override
    public void forceFolder(Path file) throws IOException {
      step("force folder");
    }

    @Override
    public void rename(Path source, Path target) throws IOException {
      step("rename to " + target.getFileName());
      disk.rename(source, target);
    }

    @Override
    public void link(Path existing, Path name) throws IOException {
      step("link " + name.getFileName());
      disk.link(existing, name);
    }

    @Override
    public void delete(Path file) throws IOException {
      if (Files.notExists(file)) {
        return;
      }
      step("delete " + file.getFileName());
      disk.delete(file);
    }

    @Override
    public void truncate(Path file, long size) throws IOException {
      step("truncate " + file.getFileName());
      disk.truncate(file, size);
    }

    @Override
    public void deleteFolder(Path deleted) throws IOException {
      disk.deleteFolder(deleted);
    }

    @Override
    public <E extends Exception> void run(String what, Step<E> work) throws E, IOException {
      step(what);
      work.run();
      if (half && steps.size() + 1 == stopAt && what.startsWith("move")) {
        tearMainFile();
      }
    }

    /** As if only some of the pages had reached the disk. */
    private void tearMainFile() throws IOException {
      try (Stream<Path> files = Files.list(from)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".sqlite")).toList()) {
          try (RandomAccessFile main = new RandomAccessFile(file.toFile(), "rw")) {
            main.seek(4096);
            main.write(new byte[2000]);
          }
        }
      }
    }
  }

  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Crash(String step) {
      super(step);
    }
  }

  /** A copy with the same times and the same hard links. */
  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    List<Path> done = new ArrayList<>();
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.sorted().toList()) {
        Path target = to.resolve(file.getFileName());
        Path twin = null;
        for (Path other : done) {
          twin = Files.isSameFile(file, other) ? to.resolve(other.getFileName()) : twin;
        }
        if (twin != null) {
          Files.createLink(target, twin);
        } else {
          Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
        }
        done.add(file);
      }
    }
  }

  private static byte[] payload(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(Optional<byte[]> payload) {
    return payload.map(bytes -> new String(bytes, StandardCharsets.UTF_8)).orElse("nothing");
  }

  private static SqliteStore store(FileBorder border) {
    return new SqliteStore(SqliteSettings.defaults(), null, border, Clock.systemUTC());
  }

  /** Applies what comes before and behind the first record, and returns both digests. */
  private static String[] prepare(SqliteStore store) {
    store.apply(
        List.of(
            execute("CREATE TABLE t(a, b)", "INSERT INTO t VALUES(1, randomblob(20000))"),
            execute("PRAGMA foreign_keys=1")));
    store.checkpoint(payload("old"));
    String old = store.contentDigest();
    store.apply(
        List.of(
            execute("PRAGMA foreign_keys=0"),
            execute(
                "INSERT INTO t SELECT a+1, randomblob(9000) FROM t", "CREATE INDEX i ON t(a)")));
    return new String[] {old, store.contentDigest()};
  }

  private interface Work {
    void run(SqliteStore store, Path folder);
  }

  /** Stops at every step of the work, opens the copy, stops at every step of that, opens again. */
  private List<String> crashEverywhere(Work work, boolean half, List<String> allowed)
      throws IOException {
    List<String> seen = new ArrayList<>();
    for (int step = 1; ; step++) {
      Path live = folder.resolve("live-" + half + step);
      Path dead = folder.resolve("dead-" + half + step);
      StoppingFiles border = new StoppingFiles(live, dead);
      String crashed = null;
      String[] digests;
      try (SqliteStore store = store(border)) {
        store.open(live);
        digests = prepare(store);
        border.arm(step, half);
        try {
          work.run(store, live);
        } catch (RuntimeException e) {
          crashed = border.steps.getLast();
        }
        border.arm(Integer.MAX_VALUE, false);
      }
      if (crashed == null) {
        return seen;
      }
      String outcome = reopen(dead, step, digests);
      assertThat(allowed).as("stopped before: " + crashed).contains(outcome);
      seen.add(crashed + " -> " + outcome);
    }
  }

  /** Opens a crashed folder, with a second crash at every step of the recovery. */
  private String reopen(Path dead, int step, String[] digests) throws IOException {
    String expected = null;
    for (int again = 1; ; again++) {
      Path first = folder.resolve("first-" + step + "-" + again);
      Path second = folder.resolve("second-" + step + "-" + again);
      copy(dead, first);
      StoppingFiles border = new StoppingFiles(first, second);
      border.arm(again, false);
      boolean crashed = false;
      try (SqliteStore store = store(border)) {
        String payload = text(store.open(first));
        border.arm(Integer.MAX_VALUE, false);
        String outcome = outcome(store, first, payload, digests);
        expected = expected == null ? outcome : expected;
        assertThat(outcome).isEqualTo(expected);
      } catch (Crash e) {
        crashed = true;
      }
      if (!crashed) {
        goesOn(first);
        return String.valueOf(expected);
      }
      delete(first);
      try (SqliteStore store = new SqliteStore()) {
        String outcome = outcome(store, second, text(store.open(second)), digests);
        expected = expected == null ? outcome : expected;
        assertThat(outcome).as("second stop before " + border.steps.getLast()).isEqualTo(expected);
      }
      delete(second);
    }
  }

  private static String outcome(SqliteStore store, Path at, String payload, String[] digests)
      throws IOException {
    String digest = store.contentDigest();
    String content =
        digest.equals(digests[0])
            ? "old"
            : digest.equals(digests[1]) ? "new" : digest.equals(otherDigest) ? "other" : "BROKEN";
    boolean staged = Files.exists(at.resolve("staged"));
    return payload + "/" + content + "/" + store.status().foreignKeys() + (staged ? "/staged" : "");
  }

  private static void goesOn(Path at) throws IOException {
    try (SqliteStore store = new SqliteStore()) {
      store.open(at);
      store.apply(List.of(execute("CREATE TABLE z(a)"), execute("INSERT INTO z VALUES(1)")));
      assertThat(store.checkpoint(payload("on"))).isTrue();
      assertThat(SqliteStore.verify(Objects.requireNonNull(store.status().file()))).isFalse();
    }
    delete(at);
  }

  private static String otherDigest = "";

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void checkpointSurvivesAStopBeforeEveryStep() throws IOException {
    List<String> stops =
        crashEverywhere(
            (store, at) -> assertThat(store.checkpoint(payload("new"))).isTrue(),
            false,
            List.of("old/old/true", "new/new/false"));

    assertThat(stops).hasSizeGreaterThan(9);
    assertThat(stops.getFirst()).startsWith("force db-1.sqlite-wal -> old");
    assertThat(stops.getLast()).startsWith("truncate the WAL -> new");
  }

  @Test
  void checkpointSurvivesHalfWrittenFiles() throws IOException {
    crashEverywhere(
        (store, at) -> assertThat(store.checkpoint(payload("new"))).isTrue(),
        true,
        List.of("old/old/true", "new/new/false"));
  }

  private static void stage(Path staged) {
    try (NativeConnection other = NativeConnection.write(staged)) {
      other.execute("CREATE TABLE o(a)");
      other.execute("INSERT INTO o VALUES(7)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void replaceSurvivesAStopBeforeEveryStep() throws IOException {
    Path plain = folder.resolve("plain");
    try (SqliteStore store = new SqliteStore()) {
      store.open(plain);
      stage(plain.resolve("staged"));
      store.replace(plain.resolve("staged"), payload("loaded"));
      otherDigest = store.contentDigest();
    }

    List<String> stops =
        crashEverywhere(
            (store, at) -> {
              stage(at.resolve("staged"));
              store.replace(at.resolve("staged"), payload("loaded"));
            },
            false,
            List.of("old/old/true/staged", "loaded/other/false"));

    assertThat(stops).hasSizeGreaterThan(10);
    assertThat(stops.getFirst()).contains("-> old/old/true/staged");
    assertThat(stops.getLast()).contains("-> loaded/other/false");
  }

  @Test
  void aReplacementOutlivesAnUnfinishedCheckpointOfTheOldFile() throws IOException {
    Path live = folder.resolve("live");
    Path dead = folder.resolve("dead");
    StoppingFiles border = new StoppingFiles(live, folder.resolve("before"));
    try (SqliteStore store = store(border)) {
      store.open(live);
      prepare(store);
      border.arm(6, false);
      assertThatThrownBy(() -> store.checkpoint(payload("new"))).isInstanceOf(Crash.class);
      stage(live.resolve("staged"));
      border.to = dead;
      border.arm(8, false);
      assertThatThrownBy(() -> store.replace(live.resolve("staged"), payload("loaded")))
          .isInstanceOf(Crash.class)
          .hasMessage("delete staged");
    }

    assertThat(dead.resolve("checkpoint.marker")).exists();
    try (SqliteStore store = new SqliteStore()) {
      assertThat(text(store.open(dead))).isEqualTo("loaded");
      assertThat(Objects.requireNonNull(store.status().file())).hasFileName("db-2.sqlite");
    }
  }

  @Test
  void aWalThatIsNotWholeFinishesNoCheckpoint() throws IOException {
    Path live = folder.resolve("live");
    Path dead = folder.resolve("dead");
    StoppingFiles border = new StoppingFiles(live, dead);
    try (SqliteStore store = store(border)) {
      store.open(live);
      prepare(store);
      border.arm(6, false);
      assertThatThrownBy(() -> store.checkpoint(payload("new"))).isInstanceOf(Crash.class);
    }
    try (RandomAccessFile wal =
        new RandomAccessFile(dead.resolve("db-1.sqlite-wal").toFile(), "rw")) {
      wal.seek(32 + 24 + 1000);
      int old = wal.read();
      wal.seek(32 + 24 + 1000);
      wal.write(old ^ 1);
    }

    try (SqliteStore store = new SqliteStore()) {
      assertThatThrownBy(() -> store.open(dead))
          .isInstanceOf(SqliteException.InvalidDatabase.class)
          .hasMessageContaining("unfinished checkpoint");
    }
  }

  @Test
  void afterAFailedCheckpointNothingIsAppliedUntilOneSucceeds() throws IOException {
    Path live = folder.resolve("live");
    StoppingFiles border = new StoppingFiles(live, folder.resolve("dead"));
    try (SqliteStore store = store(border)) {
      store.open(live);
      String digest = prepare(store)[1];
      border.arm(6, false);
      assertThatThrownBy(() -> store.checkpoint(payload("new"))).isInstanceOf(Crash.class);

      assertThatThrownBy(() -> store.apply(List.of(execute("SELECT 1"))))
          .isInstanceOf(SqliteException.NodeFault.class);
      assertThatThrownBy(store::copy).isInstanceOf(SqliteException.class);

      border.arm(Integer.MAX_VALUE, false);
      assertThat(store.checkpoint(payload("new"))).isTrue();
      store.copy().close();
      assertThat(store.contentDigest()).isEqualTo(digest);
      assertThat(store.apply(List.of(execute("INSERT INTO t VALUES(1,2)")))).hasSize(1);
    }
  }
}
