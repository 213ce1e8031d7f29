package io.liferaft.raft;

import io.liferaft.sqlite.DatabaseCopy;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** The leader's copy, read page by page over the Raft port. */
final class RemoteCopy implements DatabaseCopy {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int PAGE = 1024 * 1024;

  private final Peers peers;
  private final String address;
  private final Peers.CopyTicket ticket;
  private long pageOffset = -1;
  private byte[] page = new byte[0];

  RemoteCopy(Peers peers, String address, Peers.CopyTicket ticket) {
    this.peers = peers;
    this.address = address;
    this.ticket = ticket;
  }

  @Override
  public byte[] payload() {
    return ticket.record();
  }

  @Override
  public boolean foreignKeys() {
    return ticket.foreignKeys();
  }

  @Override
  public long sizeBytes() {
    return ticket.sizeBytes();
  }

  @Override
  public int read(long offset, ByteBuffer into) throws IOException {
    if (offset >= sizeBytes()) {
      return -1;
    }
    int total = 0;
    while (into.hasRemaining() && offset + total < sizeBytes()) {
      long at = offset + total;
      if (pageOffset < 0 || at < pageOffset || at >= pageOffset + page.length) {
        fetch(at);
      }
      int from = (int) (at - pageOffset);
      int count = Math.min(into.remaining(), page.length - from);
      into.put(page, from, count);
      total += count;
    }
    return total;
  }

  private void fetch(long offset) throws IOException {
    int length = (int) Math.min(PAGE, sizeBytes() - offset);
    try {
      page = peers.readCopy(address, ticket.ticket(), false, offset, length, TIMEOUT);
    } catch (RequestRefusedException e) {
      throw new SqliteException.CopyRevoked(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      throw new IOException("the leader's copy cannot be read: " + e.getMessage(), e);
    }
    if (page.length == 0) {
      throw new IOException("the leader's copy ends at " + offset);
    }
    pageOffset = offset;
  }

  @Override
  public void close() {
    try {
      peers.closeCopy(address, ticket.ticket(), Duration.ofSeconds(5));
    } catch (RuntimeException e) {
      // The leader ends a lease that nobody reads from by itself.
      org.slf4j.LoggerFactory.getLogger(RemoteCopy.class)
          .debug("The lease at {} ends by itself: {}", address, e.toString());
    }
  }
}
