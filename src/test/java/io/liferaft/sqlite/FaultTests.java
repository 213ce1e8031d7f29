package io.liferaft.sqlite;

import static io.liferaft.sqlite.Entries.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk fails at any step of what the store does to its files, and works again later. */
class FaultTests {

  private static final int MORE_THAN_ALL_STEPS = 40;

  @TempDir Path folder;
  private final FailingDisk disk = new FailingDisk();

  @Test
  void aCheckpointThatFailedAtAnyStepIsFinishedLater() {
    Set<String> failed = new TreeSet<>();
    int step = 1;
    for (boolean failing = true; failing; step++) {
      assertThat(step).isLessThan(MORE_THAN_ALL_STEPS);
      Path here = folder.resolve("step-" + step);
      SqliteStore store = disk.store();
      store.open(here);
      apply(store, "CREATE TABLE t(x DEFAULT (random()))", "INSERT INTO t DEFAULT VALUES");
      assertThat(store.checkpoint(bytes("first"))).isTrue();
      apply(store, "INSERT INTO t DEFAULT VALUES");
      String before = store.contentDigest();

      disk.failAtStep(step);
      try {
        failing = !store.checkpoint(bytes("second"));
      } catch (SqliteException.NodeFault e) {
        failed.add(disk.failedStep());
        assertThat(e.clean()).isTrue();
        assertThat(e).hasMessageContaining("No space left on device");
        assertThatThrownBy(() -> apply(store, "INSERT INTO t DEFAULT VALUES"))
            .isInstanceOf(SqliteException.NodeFault.class);
        assertThatThrownBy(() -> store.checkpoint(bytes("second")))
            .isInstanceOf(SqliteException.NodeFault.class);
      }
      disk.work();

      assertThat(store.checkpoint(bytes("second"))).isTrue();
      assertThat(store.contentDigest()).isEqualTo(before);
      apply(store, "INSERT INTO t DEFAULT VALUES");
      store.close();
      assertThat(store.open(here)).hasValue(bytes("second"));
      assertThat(store.contentDigest()).as("step %d", step).isEqualTo(before);
      store.close();
    }
    assertThat(failed).contains("write", "rename", "force", "forceFolder", "run", "delete");
  }

  @Test
  void aSwitchThatFailedAtAnyStepLeavesTheOldOrTheNewFile() throws Exception {
    Set<String> failed = new TreeSet<>();
    int step = 1;
    for (boolean failing = true; failing; step++) {
      assertThat(step).isLessThan(MORE_THAN_ALL_STEPS);
      Path here = folder.resolve("switch-" + step);
      SqliteStore store = disk.store();
      store.open(here);
      apply(store, "CREATE TABLE old(x)");
      assertThat(store.checkpoint(bytes("old"))).isTrue();
      Path staged = here.resolve("staged");
      try (NativeConnection connection = NativeConnection.write(staged)) {
        connection.execute("CREATE TABLE new(x)");
      }

      disk.failAtStep(step);
      failing = false;
      boolean open = true;
      try {
        store.replace(staged, bytes("new"));
      } catch (SqliteException.NodeFault e) {
        failed.add(disk.failedStep());
        failing = true;
        open = e.clean();
      }
      disk.work();

      if (open && failing) {
        apply(store, "INSERT INTO old VALUES(1)");
        store.replace(staged, bytes("new"));
      }
      store.close();
      assertThat(store.open(here)).as("step %d", step).hasValue(bytes("new"));
      apply(store, "INSERT INTO new VALUES(1)");
      assertThat(Files.exists(here.resolve("db-1.sqlite"))).isFalse();
      store.close();
    }
    assertThat(failed).contains("write", "rename", "force", "forceFolder", "run", "link");
  }

  private static void apply(SqliteStore store, String... sql) {
    List<EntryOutcome> outcomes = store.apply(List.of(execute(sql)));
    assertThat(Entries.show(outcomes.getFirst())).doesNotContain("failed");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
