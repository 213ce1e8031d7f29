package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Turns what the file system says into reasons and sentences. */
final class DirectoryErrors {

  private final Path directory;

  DirectoryErrors(Path directory) {
    this.directory = directory;
  }

  ObjectStoreException of(String action, IOException e) {
    return switch (e) {
      case NoSuchFileException _ when !Files.isDirectory(directory) -> missingDirectory(action);
      case NoSuchFileException _ -> refused(Reason.NOT_FOUND, action, "there is no such file", e);
      case AccessDeniedException _ ->
          refused(Reason.ACCESS_DENIED, action, "no permission for " + e.getMessage(), e);
      default -> refused(Reason.UNAVAILABLE, action, String.valueOf(e.getMessage()), e);
    };
  }

  void requireDirectory(String action) {
    if (!Files.isDirectory(directory)) {
      throw missingDirectory(action);
    }
  }

  ObjectStoreException missingDirectory(String action) {
    return refused(
        Reason.NO_SUCH_BUCKET,
        action,
        "the directory " + directory + " does not exist (is it mounted?)",
        null);
  }

  static ObjectStoreException refused(
      Reason reason, String action, String why, @Nullable Throwable cause) {
    return new ObjectStoreException(reason, action + " failed: " + why, cause);
  }
}
