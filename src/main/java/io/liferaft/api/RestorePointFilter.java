package io.liferaft.api;

import io.liferaft.backup.RestorePointException;
import io.liferaft.backup.RestorePointFiles;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * {@code GET /actuator/backups/{id}/database}: a restore point as a plain SQLite file, streamed. No
 * operation of the actuator, since none can say a file's name and delete it after the answer.
 */
final class RestorePointFilter extends OncePerRequestFilter {

  private static final String DATABASE = "/database";

  private final Supplier<@Nullable RestorePointFiles> files;
  private final Supplier<@Nullable String> endpoint;

  /**
   * @param files gives null where nothing is backed up
   * @param endpoint path of the endpoint; null while it is not exposed
   */
  RestorePointFilter(
      Supplier<@Nullable RestorePointFiles> files, Supplier<@Nullable String> endpoint) {
    this.files = files;
    this.endpoint = endpoint;
  }

  /** Where the endpoint is, by what the actuator exposes. */
  static Supplier<@Nullable String> endpoint(ObjectProvider<PathMappedEndpoints> endpoints) {
    return () -> {
      PathMappedEndpoints exposed = endpoints.getIfAvailable();
      return exposed == null ? null : exposed.getPath(EndpointId.of("backups"));
    };
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String id = request.getMethod().equals("GET") ? asked(RqliteRouter.path(request)) : null;
    RestorePointFiles points = id == null ? null : files.get();
    if (id == null || points == null) {
      chain.doFilter(request, response);
      return;
    }
    try (RestorePointFiles.Fetched fetched = points.fetch(id)) {
      response.setContentType(ContentTypes.BINARY);
      response.setContentLengthLong(Files.size(fetched.file()));
      response.setHeader("Content-Disposition", "attachment; filename=\"" + id + ".sqlite\"");
      long _ = Files.copy(fetched.file(), response.getOutputStream());
    } catch (RestorePointException e) {
      ProblemWriter.write(response, e.status(), title(e.status()), String.valueOf(e.getMessage()));
    }
  }

  private @Nullable String asked(String path) {
    String root = path.endsWith(DATABASE) ? endpoint.get() : null;
    if (root == null || !path.startsWith(root + "/")) {
      return null;
    }
    int from = root.length() + 1;
    int to = path.length() - DATABASE.length();
    return to > from && path.indexOf('/', from) == to ? path.substring(from, to) : null;
  }

  private static String title(int status) {
    return switch (status) {
      case 404 -> "Not Found";
      case 409 -> "Conflict";
      default -> "Service Unavailable";
    };
  }
}
