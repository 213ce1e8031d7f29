package io.liferaft;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A file system of a few pages in memory, where this machine lets us mount one. */
final class SmallMount implements AutoCloseable {

  private final Path place;

  private SmallMount(Path place) {
    this.place = place;
  }

  /** Skips the test where nothing may be mounted. */
  static SmallMount at(Path place, String size) throws IOException {
    boolean mounted =
        mounting("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", place.toString());
    assumeThat(mounted).as("a file system can be mounted").isTrue();
    return new SmallMount(place);
  }

  void readOnly(boolean now) throws IOException {
    if (!mounting("mount", "-o", "remount," + (now ? "ro" : "rw"), place.toString())) {
      throw new IOException("remounting " + place + " failed");
    }
  }

  @Override
  public void close() throws IOException {
    if (!mounting("umount", "-l", place.toString())) {
      throw new IOException("unmounting " + place + " failed");
    }
  }

  /** Only root may. */
  private static boolean mounting(String... command) throws IOException {
    try {
      Process process =
          new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
