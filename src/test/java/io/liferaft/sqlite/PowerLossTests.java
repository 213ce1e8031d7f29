package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.PowerLossFiles;
import io.liferaft.support.SteppedFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.springframework.util.FileSystemUtils;

/**
 * The power goes before each step that the store takes on its files, in a life of checkpoints,
 * replacements and restarts: what a disk may hold then opens by itself, at the last state that was
 * made durable or at the one that was on its way, and holds exactly what belongs to it.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("PowerLossTests")
class PowerLossTests {

  private static final int VARIANTS = 5;
  private static final String NOTHING = "nothing";

  @TempDir Path folder;

  /** Content and rule by payload, as they were when the payload was handed to the store. */
  private final Map<String, String> states = new LinkedHashMap<>();

  private String durable = NOTHING;
  private String underWay = NOTHING;
  private int losses;
  private int sequence;

  /** Loses the power, in several ways, before each step; life goes on beside it. */
  private final class LosingFiles extends SteppedFiles {
    private final PowerLossFiles disk;
    private final int variants;
    private final String then;
    private boolean safe;

    LosingFiles(PowerLossFiles disk, int variants, String then) {
      super(disk);
      this.disk = disk;
      this.variants = variants;
      this.then = then;
    }

    @Override
    protected void before(int number, String step) throws IOException {
      for (int variant = 0; variant < variants && !safe; variant++) {
        lost(disk, variant, then + "power lost before step " + number + ", " + step);
      }
    }
  }

  private void lost(PowerLossFiles disk, int variant, String when) throws IOException {
    Path at = folder.resolve("lost-" + sequence++);
    int seed = variant < 3 ? variant : variant + 10 * losses;
    disk.lose(seed, at);
    losses++;
    String what = when + ", variant " + seed + ", on the way from " + durable + " to " + underWay;
    // Now and then it goes once more while the store recovers.
    boolean again = !when.contains("then") && losses % 31 == 0;
    PowerLossFiles rest = new PowerLossFiles(at);
    LosingFiles border = new LosingFiles(rest, again ? 3 : 0, what + ", then ");
    try (SqliteStore store = store(border)) {
      String found = found(store, at, what);
      assertThat(found).as(what).isIn(durable, underWay);
      border.safe = true;
      if (losses % 19 == 0) {
        store.apply(List.of(execute("CREATE TABLE z(a)"), execute("INSERT INTO z VALUES(1)")));
        assertThat(store.checkpoint(payload("on"))).as(what).isTrue();
      }
      assertThat(durable.equals(NOTHING) || !SqliteStore.verify(at.resolve(name(store))))
          .as(what)
          .isTrue();
    }
    FileSystemUtils.deleteRecursively(at);
    FileSystemUtils.deleteRecursively(rest.graves());
  }

  /** The payload of what is there, which must be whole. */
  private String found(SqliteStore store, Path at, String what) {
    try {
      String found = text(store.open(at));
      assertThat(state(store)).as(what + ": content of " + found).isEqualTo(states.get(found));
      return found;
    } catch (SqliteException e) {
      throw new AssertionError(what + ": " + e.getMessage(), e);
    }
  }

  private static String name(SqliteStore store) {
    return String.valueOf(java.util.Objects.requireNonNull(store.status().file()).getFileName());
  }

  private static String state(SqliteStore store) {
    return store.contentDigest() + store.status().foreignKeys();
  }

  private static byte[] payload(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(Optional<byte[]> payload) {
    return payload.map(bytes -> new String(bytes, StandardCharsets.UTF_8)).orElse(NOTHING);
  }

  private static SqliteStore store(FileBorder border) {
    return new SqliteStore(SqliteSettings.defaults(), null, border, Clock.systemUTC());
  }

  private void checkpoint(SqliteStore store, String name) {
    states.put(name, state(store));
    underWay = name;
    assertThat(store.checkpoint(payload(name))).isTrue();
    durable = name;
  }

  private void replace(SqliteStore store, Path at, String name, int rows) throws IOException {
    Path staged = at.resolve("staged");
    try (NativeConnection other = NativeConnection.write(staged)) {
      other.execute("CREATE TABLE t(a, b)");
      for (int i = 0; i < rows; i++) {
        other.execute("INSERT INTO t VALUES(7, randomblob(3000))");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    Path scratch = folder.resolve("scratch-" + name);
    Files.createDirectories(scratch);
    Files.copy(staged, scratch.resolve("staged"));
    try (SqliteStore plain = new SqliteStore()) {
      plain.open(scratch);
      plain.replace(scratch.resolve("staged"), payload(name));
      states.put(name, state(plain));
    }
    underWay = name;
    store.replace(staged, payload(name), false);
    durable = name;
  }

  private static void grow(SqliteStore store) {
    store.apply(
        List.of(
            execute("CREATE TABLE IF NOT EXISTS t(a, b)", "INSERT INTO t VALUES(1, x'00')"),
            execute("INSERT INTO t SELECT a + 1, randomblob(9000) FROM t LIMIT 5"),
            execute("CREATE INDEX IF NOT EXISTS i ON t(b)"),
            execute("DELETE FROM t WHERE a = 4")));
  }

  @Test
  void whatWasMadeDurableOutlivesALossBeforeEveryStep() throws IOException {
    Path live = folder.resolve("live");
    PowerLossFiles disk = new PowerLossFiles(live);
    LosingFiles border = new LosingFiles(disk, VARIANTS, "");
    try (SqliteStore empty = new SqliteStore()) {
      empty.open(folder.resolve("empty"));
      states.put(NOTHING, state(empty));
    }

    try (SqliteStore store = store(border)) {
      assertThat(text(store.open(live))).isEqualTo(NOTHING);
      grow(store);
      checkpoint(store, "1");
      checkpoint(store, "2 with nothing new");
      store.apply(List.of(execute("PRAGMA foreign_keys=1")));
      grow(store);
      checkpoint(store, "3");
      replace(store, live, "4 replaced", 4);
      grow(store);
      checkpoint(store, "5");
      grow(store);
    }
    try (SqliteStore store = store(border)) {
      assertThat(text(store.open(live))).isEqualTo("5");
      grow(store);
      checkpoint(store, "6 after a start");
      checkpoint(store, "7 with nothing new");
      replace(store, live, "8 replaced", 1);
      replace(store, live, "9 replaced", 9);
      grow(store);
      checkpoint(store, "10");
    }
    for (int variant = 0; variant < 40; variant++) {
      lost(disk, variant, "power lost at the end");
    }

    assertThat(losses).isGreaterThan(500);
  }
}
