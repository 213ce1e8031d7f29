package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TemporaryFileTests {

  /** Another node, which clears up in the same folder. */
  static final class Sweeper {
    private Sweeper() {}

    public static void main(String[] arguments) throws IOException {
      Path folder = Path.of(arguments[0]);
      while (System.in.available() == 0) {
        TemporaryFile.sweep(folder);
      }
    }
  }

  @Test
  @Timeout(60)
  void isNotTakenForALeftoverByAnotherProcess(@TempDir Path folder) throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Sweeper.class.getName(),
                folder.toString())
            .inheritIO()
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .start();
    try {
      Path leftover = Files.createFile(folder.resolve(TemporaryFile.PREFIX + "leftover"));
      while (Files.exists(leftover)) {
        assertThat(other.isAlive()).isTrue(); // until it sweeps
      }
      for (int i = 0; i < 3000; i++) {
        try (TemporaryFile file = TemporaryFile.create(folder)) {
          file.moveTo(folder.resolve("complete"));
        }
      }
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.getOutputStream().write(1);
      other.getOutputStream().flush();
      assertThat(other.waitFor()).isZero();
    }
  }
}
