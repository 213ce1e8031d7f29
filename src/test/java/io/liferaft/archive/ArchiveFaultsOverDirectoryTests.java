package io.liferaft.archive;

import io.liferaft.archive.RequestFaults.Way;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("ArchiveFaultsOverDirectoryTests")
class ArchiveFaultsOverDirectoryTests implements FaultyArchiveContract {

  /** Static, so that it is there when the places are made. */
  @TempDir static Path root;

  private record Directory(Path path, RequestFaults store, Way way) implements Place {

    @Override
    public void fail(int number) {
      store.fail(number, way);
    }

    @Override
    public boolean failed() {
      return store.failed();
    }

    @Override
    public boolean everyRequest() {
      return true;
    }

    @Override
    public void heal() {
      store.heal();
    }

    @Override
    public long unfinished() throws IOException {
      try (Stream<Path> files = Files.walk(path)) {
        return files
            .filter(file -> file.getFileName().toString().startsWith(".liferaft-tmp-"))
            .count();
      }
    }

    @Override
    public String toString() {
      return way.toString();
    }
  }

  @Override
  public Stream<Place> places() {
    return Stream.of(Way.values()).map(way -> place(root.resolve(way.toString()), way));
  }

  private static Place place(Path path, Way way) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Directory(path, new RequestFaults(ChunkedArchiveTests.directory(path)), way);
  }

  @Override
  public Path folder() {
    return root;
  }
}
