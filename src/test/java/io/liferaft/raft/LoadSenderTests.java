package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.LoadBytes.Packing;
import io.liferaft.raft.LogCommand.LoadKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadSenderTests {

  @TempDir Path folder;
  private final List<LogCommand> sent = new ArrayList<>();
  private @Nullable OpenLoad open;
  private Path file = Path.of("");

  @BeforeEach
  void makeFile() throws IOException {
    byte[] bytes = new byte[LoadBytes.CHUNK * 2 + 17];
    new Random(3).nextBytes(bytes);
    file = Files.write(folder.resolve("load"), bytes);
  }

  @Test
  void sendsBeginChunksInOrderAndCommit() {
    Peers.Appended appended = send(this::apply);

    assertThat(appended.applied()).isEqualTo(new Applied.Done());
    assertThat(sent).hasSize(5);
    assertThat(sent.getFirst())
        .isInstanceOfSatisfying(
            LogCommand.LoadBegin.class,
            begin -> assertThat(begin.sizeBytes()).isEqualTo(LoadBytes.CHUNK * 2 + 17));
    assertThat(sent.subList(1, 4))
        .extracting(command -> ((LogCommand.LoadChunk) command).offset())
        .containsExactly(0L, (long) LoadBytes.CHUNK, LoadBytes.CHUNK * 2L);
    OpenLoad staged = Objects.requireNonNull(open);
    assertThat(staged.receivedBytes()).isEqualTo(staged.sizeBytes());
    assertThat(sent.getLast())
        .isInstanceOfSatisfying(
            LogCommand.LoadCommit.class,
            commit -> assertThat(commit.chain()).isEqualTo(staged.chain()));
  }

  @Test
  void waitsForItsTurnBehindAnotherLoad() {
    OpenLoad other = new OpenLoad(1, LoadKind.TEXT, -1, 10, "", 5, "");
    open = other;
    int[] pauses = {0};

    Peers.Appended _ =
        new LoadSender(
                this::apply,
                () -> open,
                () -> {
                  if (++pauses[0] == 3) {
                    open = null; // the other one is through
                  }
                },
                Packing.ZSTD)
            .send(LoadKind.DATABASE, -1, file, 0, null, null, _ -> {});

    assertThat(pauses[0]).isEqualTo(3);
    assertThat(sent)
        .filteredOn(LogCommand.LoadBegin.class::isInstance)
        .allSatisfy(begin -> assertThat(((LogCommand.LoadBegin) begin).force()).isFalse());
  }

  @Test
  void aRestorePushesAside() {
    open = new OpenLoad(1, LoadKind.TEXT, -1, 10, "", 5, "");

    Peers.Appended _ =
        new LoadSender(this::apply, () -> open, () -> {}, Packing.ZSTD)
            .send(LoadKind.DATABASE, 9, file, 0, null, null, _ -> {});

    assertThat(((LogCommand.LoadBegin) sent.getFirst()).force()).isTrue();
  }

  @Test
  void aLostChunkMeansThatNothingWasChanged() {
    assertThatThrownBy(() ->
            send(command ->
                command instanceof LogCommand.LoadChunk
                    ? CompletableFuture.failedFuture(new CommitUnknownException("lost", null))
                    : apply(command)))
        .isInstanceOf(NotLeaderException.class)
        .hasMessageContaining("nothing was changed");
  }

  @Test
  void aLostCommitIsUnknown() {
    assertThatThrownBy(() ->
            send(command ->
                command instanceof LogCommand.LoadCommit
                    ? CompletableFuture.failedFuture(new CommitUnknownException("lost", null))
                    : apply(command)))
        .isInstanceOf(CommitUnknownException.class);
  }

  private Peers.Appended send(Function<LogCommand, CompletableFuture<Peers.Appended>> submit) {
    return new LoadSender(submit, () -> open, () -> {}, Packing.ZSTD)
        .send(LoadKind.DATABASE, -1, file, 0, null, null, _ -> {});
  }

  /** What the replica does, as far as it matters here. */
  private CompletableFuture<Peers.Appended> apply(LogCommand command) {
    sent.add(command);
    Applied applied = new Applied.Done();
    if (command instanceof LogCommand.LoadBegin begin) {
      if (open != null && !begin.force()) {
        applied = new Applied.Refused("another load is under way", true);
      } else {
        open = OpenLoad.of(begin);
      }
    } else if (command instanceof LogCommand.LoadChunk chunk && open != null) {
      open = open.with(LoadBytes.unpack(chunk.packed(), chunk.length(), chunk.packing()));
    }
    return CompletableFuture.completedFuture(new Peers.Appended(applied, sent.size()));
  }
}
