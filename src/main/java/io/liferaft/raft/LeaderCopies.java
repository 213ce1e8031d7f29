package io.liferaft.raft;

import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The copies that other nodes read from this one, a lease each. A lease that nobody reads from for
 * a while ends by itself. Any thread.
 */
final class LeaderCopies {

  /** A lease without a read for this long is taken for forgotten. */
  static final Duration IDLE = Duration.ofSeconds(30);

  private static final class Lease {
    private final DatabaseCopy copy;
    private final @Nullable FileChannel load;
    private volatile long lastUsed;

    Lease(DatabaseCopy copy, @Nullable FileChannel load, long now) {
      this.copy = copy;
      this.load = load;
      this.lastUsed = now;
    }

    void close() {
      copy.close();
      if (load != null) {
        try {
          load.close();
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      }
    }
  }

  private final SqliteStore store;
  private final LongSupplier nanoTime;
  private final Map<Long, Lease> leases = new ConcurrentHashMap<>();
  private final AtomicLong tickets = new AtomicLong();

  /**
   * @param nanoTime a clock that only goes forward, in nanoseconds
   */
  LeaderCopies(SqliteStore store, LongSupplier nanoTime) {
    this.store = store;
    this.nanoTime = nanoTime;
  }

  /**
   * Opens a lease on the main file at its record.
   *
   * @param staging where an open load's staging file is
   */
  Peers.CopyTicket open(java.util.function.Function<OpenLoad, Path> staging) throws IOException {
    DatabaseCopy copy = store.copy();
    try {
      OpenLoad load = StatePayload.decode(copy.payload()).load();
      FileChannel file =
          load == null || load.receivedBytes() == 0
              ? null
              : FileChannel.open(staging.apply(load), StandardOpenOption.READ);
      long ticket = tickets.incrementAndGet();
      leases.put(ticket, new Lease(copy, file, nanoTime.getAsLong()));
      return new Peers.CopyTicket(ticket, copy.payload(), copy.sizeBytes(), copy.foreignKeys());
    } catch (IOException | RuntimeException e) {
      copy.close();
      throw e;
    }
  }

  byte[] read(long ticket, boolean load, long offset, int length) {
    Lease lease = leases.get(ticket);
    if (lease == null || length < 0 || length > 4 * 1024 * 1024) {
      throw new RequestRefusedException("the copy's lease has ended");
    }
    lease.lastUsed = nanoTime.getAsLong();
    ByteBuffer buffer = ByteBuffer.allocate(length);
    try {
      if (load) {
        FileChannel file = lease.load;
        while (file != null && buffer.hasRemaining()) {
          if (file.read(buffer, offset + buffer.position()) < 0) {
            break;
          }
        }
      } else {
        int _ = lease.copy.read(offset, buffer);
      }
    } catch (SqliteException.CopyRevoked e) {
      close(ticket);
      throw new RequestRefusedException(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the copy cannot be read", e);
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  void close(long ticket) {
    Lease lease = leases.remove(ticket);
    if (lease != null) {
      lease.close();
    }
  }

  /** Ends forgotten leases. */
  void sweep() {
    long now = nanoTime.getAsLong();
    leases.forEach((ticket, lease) -> {
      if (now - lease.lastUsed > IDLE.toNanos()) {
        close(ticket);
      }
    });
  }

  void closeAll() {
    leases.keySet().forEach(this::close);
  }
}
