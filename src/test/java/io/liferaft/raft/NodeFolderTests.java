package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeFolderTests {

  @TempDir Path folder;
  private NodeIdentity first = NodeIdentity.create("n1", "h:1", false);

  @BeforeEach
  void aMemberWithALog() throws IOException {
    first = at("h:1").identify();
    Files.createDirectories(folder.resolve("raft/group"));
    Files.writeString(folder.resolve("raft/group/log"), "acknowledged");
  }

  @Test
  void keepsTheLogOfANodeThatMovedUntilItIsAdmitted() throws IOException {
    NodeIdentity moved = at("h:2").identify();

    assertThat(moved.joinOnly()).isTrue();
    assertThat(moved.incarnation()).isNotEqualTo(first.incarnation());
    assertThat(folder.resolve("raft")).doesNotExist();
    assertThat(folder.resolve("raft-before/group/log")).hasContent("acknowledged");
    assertThat(at("h:2").isFresh()).isFalse();

    NodeIdentity member = at("h:2").admitted(moved, "g");

    assertThat(member.joinOnly()).isFalse();
    assertThat(folder.resolve("raft-before")).doesNotExist();
  }

  /** It was not noted yet when the node stopped: only its own group may have it again. */
  @Test
  void knowsWhoseDataItGivesUp() throws IOException {
    assertThat(first.group()).isEmpty();

    NodeIdentity renewed = at("h:1").newIncarnation("");

    assertThat(at("h:1").groupOf(renewed)).isEqualTo("group");
    assertThat(at("h:1").groupOf(at("h:1").newIncarnation(""))).isEqualTo("group");
  }

  @Test
  void goesOnWithItsLogWhenItComesBackToItsAddress() throws IOException {
    NodeIdentity _ = at("h:2").identify();
    Files.createDirectories(folder.resolve("raft/half-made"));

    NodeIdentity back = at("h:1").identify();

    assertThat(back).isEqualTo(first);
    assertThat(folder.resolve("raft/group/log")).hasContent("acknowledged");
    assertThat(at("h:1").identify()).isEqualTo(first);
  }

  @Test
  void refusesASecondProcessBeforeAnythingElse() throws IOException {
    NodeFolder one = at("h:1");
    one.lock();

    assertThatThrownBy(() -> at("h:1").lock())
        .isInstanceOf(SqliteException.FolderInUse.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("another process");
    one.unlock();
    NodeFolder other = at("h:1");
    other.lock();
    other.unlock();
  }

  private NodeFolder at(String address) {
    return new NodeFolder(
        new NodeConfig(
            "n1",
            folder,
            "h:80",
            false,
            HostPort.parse(address),
            address,
            Map.of("n1", address, "n2", "h:9"),
            Duration.ofSeconds(1),
            false,
            new LogCutting(10, 1, 0),
            JoinPlan.NONE,
            Leaving.NEVER,
            PeerTls.none()),
        new DiskFiles());
  }
}
