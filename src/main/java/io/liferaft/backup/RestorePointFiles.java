package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.Inspection;
import io.liferaft.archive.RestorePoint;
import io.liferaft.archive.StoredBackup;
import io.liferaft.backup.BackupDrill.DatabaseCheck;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Restore points that somebody asks for: fetched into a scratch folder, one at a time, to be looked
 * at or handed out. On the caller's thread, which waits. Touches neither the database nor the
 * backup. A crash leaves files that the next start deletes.
 */
public final class RestorePointFiles implements SmartLifecycle {

  private static final Logger log = LoggerFactory.getLogger(RestorePointFiles.class);

  private final @Nullable BackupArchive archive;
  private final Clock clock;
  private final ScratchFolder folder;
  private final DatabaseCheck check;
  private final VerifiedPoints verified;
  private final Semaphore slot = new Semaphore(1);
  private volatile boolean running;
  private volatile boolean stopping;

  /**
   * @param archive null when backup is off
   * @param verified told what was found
   */
  RestorePointFiles(
      @Nullable BackupArchive archive,
      Clock clock,
      Path folder,
      DatabaseCheck check,
      VerifiedPoints verified) {
    this.archive = archive;
    this.clock = clock;
    this.folder = new ScratchFolder(folder);
    this.check = check;
    this.verified = verified;
  }

  /** A database that was fetched, every hash right. Closing deletes it. */
  public final class Fetched implements AutoCloseable {
    private final Path file;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Fetched(Path file) {
      this.file = file;
    }

    /** A plain SQLite file. */
    public Path file() {
      return file;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        release();
      }
    }
  }

  /**
   * Fetches a restore point and compares every hash. Waits for the store; the caller closes what it
   * gets.
   *
   * @throws RestorePointException when there is none of that id, or it cannot be had
   */
  public Fetched fetch(String id) {
    take();
    boolean fetched = false;
    try {
      BackupArchive place = place();
      StoredBackup backup = find(place, id);
      Path file = fetched(place, backup);
      fetched = true;
      return new Fetched(file);
    } catch (CorruptBackupException e) {
      throw new RestorePointException(409, e.getMessage(), e);
    } catch (ObjectStoreException e) {
      throw failed(e);
    } catch (IOException | UncheckedIOException e) {
      throw new RestorePointException(503, String.valueOf(e.getMessage()), e);
    } finally {
      if (!fetched) {
        release();
      }
    }
  }

  /**
   * Looks at a restore point. Waits for the store.
   *
   * @throws RestorePointException when there is none of that id, or nobody knows
   */
  Verified verify(String id, VerifyDepth depth) {
    take();
    try {
      Instant started = clock.instant();
      BackupArchive place = place();
      StoredBackup backup = find(place, id);
      Verified found = looked(place, backup, id, depth, started);
      verified.add(found);
      if (!found.good()) {
        log.warn("{}", found.detail());
      }
      return found;
    } catch (ObjectStoreException e) {
      throw failed(e);
    } catch (IOException | UncheckedIOException e) {
      throw new RestorePointException(503, String.valueOf(e.getMessage()), e);
    } finally {
      release();
    }
  }

  private Verified looked(
      BackupArchive place, StoredBackup backup, String id, VerifyDepth depth, Instant started)
      throws IOException {
    try {
      Inspection inspection = place.inspect(backup);
      if (depth != VerifyDepth.MANIFEST) {
        Path file = fetched(place, backup);
        backup.requireContent(depth == VerifyDepth.DATABASE && check.isEmpty(file));
      }
      String detail =
          "Restore point %s is good: change index %d, %d bytes, %d stored in %d objects"
              .formatted(
                  id,
                  backup.manifest().changeIndex(),
                  backup.manifest().sizeBytes(),
                  inspection.storedBytes(),
                  inspection.packs());
      return ended(id, depth, true, detail, started, inspection.uniqueBytes());
    } catch (CorruptBackupException | SqliteException.InvalidDatabase e) {
      if (e instanceof CorruptBackupException corrupt && depth != VerifyDepth.MANIFEST) {
        place.markDamaged(corrupt);
      }
      String detail = "Restore point %s cannot be restored: %s".formatted(id, e.getMessage());
      return ended(id, depth, false, detail, started, null);
    }
  }

  private Verified ended(
      String id,
      VerifyDepth depth,
      boolean good,
      String detail,
      Instant started,
      @Nullable Long uniqueBytes) {
    Instant now = clock.instant();
    return new Verified(id, depth, good, detail, now, Duration.between(started, now), uniqueBytes);
  }

  private Path fetched(BackupArchive place, StoredBackup backup) throws IOException {
    Path file = folder.fileFor(backup);
    String _ =
        place.fetch(
            backup,
            file,
            _ -> {
              if (stopping) {
                throw new RestorePointException(503, "this node is stopping", null);
              }
            });
    Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".part"));
    return file;
  }

  private BackupArchive place() {
    BackupArchive place = archive;
    if (place == null) {
      throw new RestorePointException(409, "Backup is off: set liferaft.backup.target", null);
    }
    return place;
  }

  /** By the list, which tells a place that is no archive from an id that is unknown. */
  private static StoredBackup find(BackupArchive place, String id) {
    if (place.list().stream().noneMatch(backup -> backup.id().equals(id))) {
      throw new RestorePointException(404, "There is no backup " + id, null);
    }
    return place
        .find(new RestorePoint.Id(id))
        .orElseThrow(() -> new RestorePointException(404, "There is no backup " + id, null));
  }

  private static RestorePointException failed(ObjectStoreException e) {
    return new RestorePointException(EndpointProblem.status(e), e.getMessage(), e);
  }

  private void take() {
    if (!slot.tryAcquire()) {
      throw new RestorePointException(
          409,
          "This node is verifying or handing out another restore point: try again later",
          null);
    }
  }

  private void release() {
    folder.clear();
    slot.release();
  }

  /** Deletes what a crash has left. */
  @Override
  public void start() {
    running = true;
    stopping = false;
    if (slot.tryAcquire()) {
      release();
    }
  }

  /** Ends fetching, before the web server waits for its requests. */
  @Override
  public void stop() {
    stopping = true;
    running = false;
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
