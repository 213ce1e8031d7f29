package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.raft.LoadSender.Form;
import io.liferaft.raft.LogCommand.LoadKind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
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
                () -> true,
                () -> {
                  if (++pauses[0] == 3) {
                    open = null; // the other one is through
                  }
                },
                Form.CHAINED)
            .send(LoadKind.DATABASE, -1, LoadSource.of(file), 0, null, () -> null, _ -> {});

    assertThat(pauses[0]).isEqualTo(3);
    assertThat(sent)
        .filteredOn(LogCommand.LoadBegin.class::isInstance)
        .allSatisfy(begin -> assertThat(((LogCommand.LoadBegin) begin).force()).isFalse());
  }

  @Test
  void aRestorePushesAside() {
    open = new OpenLoad(1, LoadKind.TEXT, -1, 10, "", 5, "");

    Peers.Appended _ =
        new LoadSender(this::apply, () -> open, () -> true, () -> {}, Form.CHAINED)
            .send(LoadKind.DATABASE, 9, LoadSource.of(file), 0, null, () -> null, _ -> {});

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

  /**
   * What is on its way enters the log as it comes, and is committed only when all of it is right.
   */
  @Test
  void sendsWhatIsThereAndCommitsWhatIsWhole() {
    Set<String> order = new LinkedHashSet<>();
    LoadSource coming =
        new LoadSource() {
          @Override
          public long sizeBytes() {
            return LoadBytes.CHUNK * 2 + 17;
          }

          @Override
          public InputStream open() throws IOException {
            return new FilterInputStream(Files.newInputStream(file)) {
              @Override
              public int read(byte[] into, int offset, int length) throws IOException {
                order.add("read after " + sent.size());
                return super.read(into, offset, Math.min(length, LoadBytes.CHUNK));
              }
            };
          }

          @Override
          public void awaitWhole() {
            order.add("whole after " + sent.size());
          }
        };

    Peers.Appended _ =
        sender(this::apply)
            .send(LoadKind.DATABASE, 9, coming, 0, null, () -> record(order), _ -> {});

    assertThat(order)
        .startsWith("read after 1", "read after 2", "read after 3")
        .endsWith("whole after 4", "recorded after 4");
    assertThat(sent.getFirst())
        .isInstanceOfSatisfying(
            LogCommand.LoadBegin.class, begin -> assertThat(begin.sha256()).isEmpty());
    assertThat(sent.getLast())
        .isInstanceOfSatisfying(
            LogCommand.LoadCommit.class, commit -> assertThat(commit.backup()).isNotNull());
  }

  /** Members that need the hash with the begin get nothing before all is there. */
  @Test
  void waitsForTheWholeWhereTheHashIsNeededAtFirst() {
    List<Integer> whole = new ArrayList<>();
    LoadSource coming = failing(() -> whole.add(sent.size()));

    Peers.Appended _ =
        new LoadSender(this::apply, () -> open, () -> true, () -> {}, Form.HASHED)
            .send(LoadKind.DATABASE, 9, coming, 0, null, () -> null, _ -> {});

    assertThat(whole).startsWith(0);
    assertThat(sent.getFirst())
        .isInstanceOfSatisfying(
            LogCommand.LoadBegin.class, begin -> assertThat(begin.sha256()).hasSize(64));
  }

  @Test
  void givesUpWhatTurnsOutWrong() {
    IllegalStateException damaged = new IllegalStateException("damaged");
    LoadSource wrong =
        failing(() -> {
          throw damaged;
        });

    assertThatThrownBy(() ->
            sender(this::apply).send(LoadKind.DATABASE, 9, wrong, 0, null, () -> null, _ -> {}))
        .isSameAs(damaged);

    assertThat(sent.getLast()).isInstanceOf(LogCommand.LoadAbort.class);
    assertThat(sent).noneMatch(LogCommand.LoadCommit.class::isInstance);
  }

  /** Another node's way to the leader would be waited for. */
  @Test
  void sendsNothingMoreWhenThisNodeLeadsNoLonger() {
    IllegalStateException lost = new IllegalStateException("leads no longer");
    LoadSource wrong =
        failing(() -> {
          throw lost;
        });

    assertThatThrownBy(() ->
            new LoadSender(this::apply, () -> open, () -> false, () -> {}, Form.CHAINED)
                .send(LoadKind.DATABASE, 9, wrong, 0, null, () -> null, _ -> {}))
        .isSameAs(lost);

    assertThat(sent.getLast()).isInstanceOf(LogCommand.LoadChunk.class);
  }

  @Test
  void aFileThatBecameShorterIsNotCommitted() {
    LoadSource shorter =
        new LoadSource() {
          @Override
          public long sizeBytes() {
            return LoadBytes.CHUNK * 2 + 18;
          }

          @Override
          public InputStream open() throws IOException {
            return Files.newInputStream(file);
          }

          @Override
          public void awaitWhole() {}
        };

    assertThatThrownBy(() ->
            sender(this::apply).send(LoadKind.DATABASE, 9, shorter, 0, null, () -> null, _ -> {}))
        .hasRootCauseMessage("the file changed while it was read");

    assertThat(sent.getLast()).isInstanceOf(LogCommand.LoadAbort.class);
  }

  private BackupRecord record(Set<String> order) {
    order.add("recorded after " + sent.size());
    return new BackupRecord("d", "g", 1, "ab", 4096, "etag", null, 2, 3);
  }

  /** The file, of which the whole does something when it is waited for. */
  private LoadSource failing(Runnable whole) {
    LoadSource there = LoadSource.of(file);
    return new LoadSource() {
      @Override
      public long sizeBytes() throws IOException {
        return there.sizeBytes();
      }

      @Override
      public InputStream open() throws IOException {
        return there.open();
      }

      @Override
      public void awaitWhole() {
        whole.run();
      }
    };
  }

  private LoadSender sender(Function<LogCommand, CompletableFuture<Peers.Appended>> submit) {
    return new LoadSender(submit, () -> open, () -> true, () -> {}, Form.CHAINED);
  }

  private Peers.Appended send(Function<LogCommand, CompletableFuture<Peers.Appended>> submit) {
    return sender(submit)
        .send(LoadKind.DATABASE, -1, LoadSource.of(file), 0, null, () -> null, _ -> {});
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
