package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaderCopiesTests {

  @TempDir Path folder;
  private final SqliteStore store = new SqliteStore();
  private final AtomicLong nanos = new AtomicLong();
  private final LeaderCopies copies = new LeaderCopies(store, nanos::get);

  @BeforeEach
  void open() {
    assertThat(store.open(folder)).isEmpty();
    assertThat(store.checkpoint(payload(1))).isTrue();
  }

  @AfterEach
  void close() {
    copies.closeAll();
    store.close();
  }

  @Test
  void readsTheFileThatTheRecordNames() throws IOException {
    Peers.CopyTicket ticket = copies.open(load -> folder);

    byte[] read = copies.read(ticket.ticket(), false, 0, 1024 * 1024);

    Path file = java.util.Objects.requireNonNull(store.status().file());
    assertThat(read).isEqualTo(Files.readAllBytes(file)).hasSize((int) ticket.sizeBytes());
    assertThat(StatePayload.decode(ticket.record()).state().appliedIndex()).isEqualTo(1);
  }

  @Test
  void endsALeaseThatNobodyReadsFrom() throws IOException {
    Peers.CopyTicket ticket = copies.open(load -> folder);
    nanos.addAndGet(LeaderCopies.IDLE.toNanos());
    byte[] _ = copies.read(ticket.ticket(), false, 0, 10);
    nanos.addAndGet(LeaderCopies.IDLE.toNanos());

    copies.sweep();
    assertThat(copies.read(ticket.ticket(), false, 0, 10)).hasSize(10);
    nanos.addAndGet(LeaderCopies.IDLE.toNanos() + 1);
    copies.sweep();

    assertThatThrownBy(() -> copies.read(ticket.ticket(), false, 0, 10))
        .hasMessageContaining("lease has ended");
  }

  @Test
  void refusesPagesThatAreTooLarge() throws IOException {
    Peers.CopyTicket ticket = copies.open(load -> folder);

    assertThatThrownBy(() -> copies.read(ticket.ticket(), false, 0, Integer.MAX_VALUE))
        .isInstanceOf(RequestRefusedException.class);
  }

  private static byte[] payload(long index) {
    return new StatePayload(
            1,
            new ReplicatedState(
                "c", "g", 0, index, new RestoreRecord.Undecided(), Map.of(), List.of()),
            null)
        .encode();
  }
}
