package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.ListedBackup;
import io.liferaft.archive.RetentionPolicy;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.raft.RaftNode;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;

/**
 * {@code /actuator/backups}: the restore points of the target, from any node. Asks the store. POST
 * pins one or lets it go, DELETE deletes it; POST to {@code /verify} below it looks whether it can
 * be restored.
 */
@Endpoint(id = "backups")
final class BackupsEndpoint {

  private final RaftNode node;
  private final @Nullable BackupArchive archive;
  private final RestorePointFiles files;
  private final VerifiedPoints verified;
  private final ClusterVerification cluster;
  private final RetentionPolicy retention;
  private final Clock clock;

  /**
   * @param archive null when backup is off
   * @param retention for a look at what a prune would delete
   */
  BackupsEndpoint(
      RaftNode node,
      @Nullable BackupArchive archive,
      RestorePointFiles files,
      VerifiedPoints verified,
      ClusterVerification cluster,
      RetentionPolicy retention,
      Clock clock) {
    this.node = node;
    this.archive = archive;
    this.files = files;
    this.verified = verified;
    this.cluster = cluster;
    this.retention = retention;
    this.clock = clock;
  }

  /**
   * A restore point as it is shown.
   *
   * @param keptWith id of the restore point with which it is kept, as that one is pinned with all
   *     older ones; null for none
   * @param uniqueBytes what deleting it would free; null before this node has verified it
   * @param verified the last look at it that this node knows of: its own, or the restore drill in
   *     the cluster's log; null before that
   */
  private record Shown(
      String id,
      String generation,
      long term,
      long changeIndex,
      Instant created,
      long addedBytes,
      boolean newest,
      boolean pinned,
      @Nullable String keptWith,
      @Nullable Long uniqueBytes,
      @Nullable Look verified) {}

  private record Look(Instant time, String depth, boolean good, long tookMillis) {}

  private Shown shown(ListedBackup backup) {
    Verified own = verified.of(backup.id());
    Verified looked = later(own, cluster.of(backup.id()).orElse(null));
    return new Shown(
        backup.id(),
        backup.generation(),
        backup.term(),
        backup.changeIndex(),
        backup.created(),
        backup.addedBytes(),
        backup.newest(),
        backup.pinned(),
        backup.keptWith(),
        own == null ? null : own.uniqueBytes(),
        looked == null
            ? null
            : new Look(
                looked.time(), looked.depth().tag(), looked.good(), looked.took().toMillis()));
  }

  private static @Nullable Verified later(@Nullable Verified own, @Nullable Verified logged) {
    if (own == null || logged == null) {
      return own == null ? logged : own;
    }
    return logged.time().isAfter(own.time()) ? logged : own;
  }

  /**
   * All restore points, newest first; 409 where there is no archive, 503 when it cannot be read.
   *
   * @param plan whether to tell what a prune would delete now, too
   */
  @ReadOperation
  WebEndpointResponse<Map<String, Object>> backups(@Nullable Boolean plan) {
    return answer(place -> {
      List<ListedBackup> backups;
      try {
        backups = place.list();
      } catch (ObjectStoreException e) {
        if (SharedDirectory.notMadeYet(place, node, e)) {
          return new WebEndpointResponse<>(
              Map.of("target", place.location(), "backups", List.of()));
        }
        throw e;
      }
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("target", place.location());
      answer.put("backups", backups.reversed().stream().map(this::shown).toList());
      if (Boolean.TRUE.equals(plan)) {
        answer.put("prune", place.prune(retention, clock.instant(), true));
      }
      return new WebEndpointResponse<>(answer);
    });
  }

  /** One restore point; 404 when there is none of that id. */
  @ReadOperation
  WebEndpointResponse<Map<String, Object>> backup(@Selector String id) {
    return answer(place -> shown(place, id));
  }

  /** Pins a restore point, or lets it go; 404 when there is none of that id. */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> pin(@Selector String id, boolean pinned) {
    return answer(place -> {
      if (pinned) {
        place.pin(id);
      } else {
        place.unpin(id);
      }
      return place.list().stream().anyMatch(backup -> backup.id().equals(id)) || pinned
          ? shown(place, id)
          : new WebEndpointResponse<>(Map.of("unpinned", id));
    });
  }

  /**
   * Looks whether a restore point can be restored, one at a time; 404 for one that is not there or
   * another action than {@code verify}, 409 when it is damaged, 503 when nobody knows.
   *
   * @param depth manifest, hashes or database (the default)
   */
  @WriteOperation
  WebEndpointResponse<Map<String, Object>> verify(
      @Selector String id, @Selector String action, @Nullable String depth) {
    if (!action.equals("verify")) {
      return problem(HttpStatus.NOT_FOUND, "There is no " + action + " of a backup");
    }
    try {
      Verified found =
          files.verify(id, depth == null ? VerifyDepth.DATABASE : VerifyDepth.of(depth));
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("id", id);
      answer.put("depth", found.depth().tag());
      answer.put("good", found.good());
      answer.put("detail", found.detail());
      answer.put("time", found.time());
      answer.put("tookMillis", found.took().toMillis());
      if (found.uniqueBytes() != null) {
        answer.put("uniqueBytes", found.uniqueBytes());
      }
      return found.good()
          ? new WebEndpointResponse<>(answer)
          : EndpointProblem.of(HttpStatus.CONFLICT, answer);
    } catch (IllegalArgumentException e) {
      return problem(HttpStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
    } catch (RestorePointException e) {
      return problem(HttpStatus.valueOf(e.status()), String.valueOf(e.getMessage()));
    }
  }

  /** Deletes a restore point; 409 when it has to stay, 404 when there is none of that id. */
  @DeleteOperation
  WebEndpointResponse<Map<String, Object>> delete(@Selector String id) {
    return answer(place -> {
      place.delete(id);
      return new WebEndpointResponse<>(Map.of("deleted", id));
    });
  }

  private WebEndpointResponse<Map<String, Object>> shown(BackupArchive place, String id) {
    for (ListedBackup backup : place.list()) {
      if (backup.id().equals(id)) {
        return new WebEndpointResponse<>(Map.of("backup", shown(backup)));
      }
    }
    return problem(HttpStatus.NOT_FOUND, "There is no backup " + id);
  }

  private WebEndpointResponse<Map<String, Object>> answer(
      Function<BackupArchive, WebEndpointResponse<Map<String, Object>>> question) {
    try {
      return question.apply(place());
    } catch (ObjectStoreException e) {
      return failed(e);
    }
  }

  private BackupArchive place() {
    BackupArchive place = archive;
    if (place == null) {
      throw new ObjectStoreException(
          ObjectStoreException.Reason.CONFIGURATION,
          "Backup is off: set liferaft.backup.target",
          null);
    }
    return place;
  }

  private static WebEndpointResponse<Map<String, Object>> failed(ObjectStoreException e) {
    return EndpointProblem.of(
        EndpointProblem.status(e), Map.of("detail", String.valueOf(e.getMessage())));
  }

  private static WebEndpointResponse<Map<String, Object>> problem(
      HttpStatus status, String detail) {
    return EndpointProblem.of(status, Map.of("detail", detail));
  }
}
