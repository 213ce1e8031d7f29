package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.ListedBackup;
import io.liferaft.objectstore.ObjectStoreException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.MediaType;

/** {@code /actuator/backups}: the restore points of the target, from any node. Asks the store. */
@Endpoint(id = "backups")
final class BackupsEndpoint {

  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int UNAVAILABLE = 503;

  private final @Nullable BackupArchive archive;

  /**
   * @param archive null when backup is off
   */
  BackupsEndpoint(@Nullable BackupArchive archive) {
    this.archive = archive;
  }

  /**
   * All restore points, newest first; 409 where there is no archive, 503 when it cannot be read.
   */
  @ReadOperation
  WebEndpointResponse<Map<String, Object>> backups() {
    try {
      List<ListedBackup> backups = list();
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("target", archive == null ? "" : archive.location());
      answer.put("backups", backups.reversed());
      return new WebEndpointResponse<>(answer);
    } catch (ObjectStoreException e) {
      return failed(e);
    }
  }

  /** One restore point; 404 when there is none of that id. */
  @ReadOperation
  WebEndpointResponse<Map<String, Object>> backup(@Selector String id) {
    try {
      for (ListedBackup backup : list()) {
        if (backup.id().equals(id)) {
          return new WebEndpointResponse<>(Map.of("backup", backup));
        }
      }
      return problem(NOT_FOUND, "Not Found", "There is no backup " + id);
    } catch (ObjectStoreException e) {
      return failed(e);
    }
  }

  private List<ListedBackup> list() {
    BackupArchive place = archive;
    if (place == null) {
      throw new ObjectStoreException(
          ObjectStoreException.Reason.CONFIGURATION,
          "Backup is off: set liferaft.backup.target",
          null);
    }
    return place.list();
  }

  private static WebEndpointResponse<Map<String, Object>> failed(ObjectStoreException e) {
    String detail = String.valueOf(e.getMessage());
    return e.reason() == ObjectStoreException.Reason.CONFIGURATION
        ? problem(CONFLICT, "Conflict", detail)
        : problem(UNAVAILABLE, "Service Unavailable", detail);
  }

  private static WebEndpointResponse<Map<String, Object>> problem(
      int status, String title, String detail) {
    Map<String, Object> problem = new LinkedHashMap<>();
    problem.put("title", title);
    problem.put("status", status);
    problem.put("detail", detail);
    return new WebEndpointResponse<>(problem, status, MediaType.APPLICATION_PROBLEM_JSON);
  }
}
