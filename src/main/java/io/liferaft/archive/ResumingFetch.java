package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings the stored bytes of one object into a part file, over as many broken transfers as needed.
 */
final class ResumingFetch {

  private static final int ATTEMPTS_WITHOUT_PROGRESS = 5;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final int BUFFER_BYTES = 64 << 10;

  private final ObjectStore store;
  private final Pause pause;

  ResumingFetch(ObjectStore store, Pause pause) {
    this.store = store;
    this.pause = pause;
  }

  /** Waits between two attempts. */
  @FunctionalInterface
  interface Pause {
    void last(Duration duration) throws InterruptedException;
  }

  /** How one transfer ended: what it brought, and why it ended early. */
  private record Transfer(long end, @Nullable Exception broken) {}

  /**
   * Returns when the part holds the whole object.
   *
   * @throws ObjectStoreException UNAVAILABLE when several attempts in a row brought nothing; the
   *     part stays. PRECONDITION_FAILED when the object was replaced.
   * @throws IOException when the local disk fails
   */
  void fetch(StoredBackup backup, PartFile part, long from, LongConsumer progress)
      throws IOException {
    long at = from;
    int failures = 0;
    progress.accept(at);
    while (at < backup.storedBytes()) {
      Transfer transfer = transfer(backup, part, at, progress);
      failures = transfer.end() > at ? 0 : failures + 1;
      at = transfer.end();
      if (at < backup.storedBytes()) {
        if (failures == ATTEMPTS_WITHOUT_PROGRESS) {
          throw gaveUp(backup, at, transfer.broken());
        }
        pause(FIRST_PAUSE.multipliedBy(1L << failures), backup, at);
      }
    }
  }

  private Transfer transfer(StoredBackup backup, PartFile part, long from, LongConsumer progress)
      throws IOException {
    long at = from;
    try (OutputStream out = part.append()) {
      InputStream in;
      try {
        in = store.get(backup.key(), from, backup.etag());
      } catch (ObjectStoreException e) {
        if (e.reason() == Reason.UNAVAILABLE) {
          return new Transfer(at, e);
        }
        throw e;
      }
      try (in) {
        byte[] buffer = new byte[BUFFER_BYTES];
        while (true) {
          int n;
          try {
            n = in.read(buffer);
          } catch (IOException e) {
            return new Transfer(at, e);
          }
          if (n < 0) {
            return new Transfer(at, null);
          }
          if (at + n > backup.storedBytes()) {
            throw new CorruptBackupException(
                "%s/%s has more than the %d bytes it was announced with"
                    .formatted(store.location(), backup.key(), backup.storedBytes()),
                null);
          }
          out.write(buffer, 0, n);
          at += n;
          progress.accept(at);
        }
      }
    }
  }

  private void pause(Duration duration, StoredBackup backup, long at) {
    try {
      pause.last(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw gaveUp(backup, at, e);
    }
  }

  private ObjectStoreException gaveUp(StoredBackup backup, long at, @Nullable Exception cause) {
    return new ObjectStoreException(
        Reason.UNAVAILABLE,
        "reading %s/%s stopped after %d of %d bytes%s"
            .formatted(
                store.location(),
                backup.key(),
                at,
                backup.storedBytes(),
                cause == null ? ": the store sends less" : ": " + cause.getMessage()),
        cause);
  }
}
