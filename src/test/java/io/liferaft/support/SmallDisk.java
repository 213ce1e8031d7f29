package io.liferaft.support;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;

/** A small file system in memory, mounted over a folder: a disk that can really be full. */
public final class SmallDisk implements AutoCloseable {

  private static final int CHUNK = 64 * 1024;

  private final Path folder;

  private SmallDisk(Path folder) {
    this.folder = folder;
  }

  /**
   * Mounts one; skips the test where that is not allowed.
   *
   * @param size as mount takes it, for example 256k
   */
  public static SmallDisk mount(Path folder, String size) {
    try {
      Files.createDirectories(folder);
      int mounted =
          run("mount", "-t", "tmpfs", "-o", "size=" + size, "liferaft-test", folder.toString());
      Assumptions.assumeTrue(
          mounted == 0, "only root may mount the small file system that this test fills");
      return new SmallDisk(folder);
    } catch (IOException e) {
      Assumptions.abort("mount cannot be called: " + e.getMessage());
      throw new UncheckedIOException(e);
    }
  }

  /** Takes all the room there is. */
  public void fill() {
    byte[] bytes = new byte[CHUNK];
    try (OutputStream out =
        Files.newOutputStream(filler(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int size = CHUNK; size > 0; ) {
        try {
          out.write(bytes, 0, size);
        } catch (IOException e) {
          size /= 2;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes all the room but so much. */
  public void fillBut(long bytes) {
    fill();
    try (var channel = java.nio.channels.FileChannel.open(filler(), StandardOpenOption.WRITE)) {
      channel.truncate(Math.max(0, channel.size() - bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives it back. */
  public void empty() {
    try {
      Files.deleteIfExists(filler());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void readOnly(boolean now) throws IOException {
    if (run("mount", "-o", "remount," + (now ? "ro" : "rw"), folder.toString()) != 0) {
      throw new IOException("remounting " + folder + " failed");
    }
  }

  private Path filler() {
    return folder.resolve("filler");
  }

  @Override
  public void close() {
    try {
      if (run("umount", folder.toString()) != 0) {
        int _ = run("umount", "-l", folder.toString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int run(String... command) throws IOException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
