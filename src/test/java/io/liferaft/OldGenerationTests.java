package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OldGenerationTests {

  private static final int GARBAGE = 48 << 20;

  @Test
  void whatWasAddedIsCollectedLongBeforeTheHeapIsFull() throws Exception {
    assertThat(ownJvm("-XX:+UseSerialGC")).containsExactly("left alone", "collected");
  }

  @Test
  void anotherCollectorIsLeftAlone() throws Exception {
    assertThat(ownJvm("-XX:+UseG1GC")).containsExactly("not this collector");
  }

  private static List<String> ownJvm(String collector) throws Exception {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                collector,
                "-Xms256m",
                "-Xmx256m",
                "-Xmn16m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .start();
    try (var lines = jvm.inputReader()) {
      return lines.lines().toList();
    }
  }

  /** Fills the old generation: what is larger than the young one is made there. */
  static final class Main {

    public static void main(String[] args) {
      OldGeneration.pool()
          .ifPresentOrElse(Main::fill, () -> System.out.println("not this collector"));
    }

    private static void fill(MemoryPoolMXBean pool) {
      var watch = new OldGeneration(pool);
      System.gc();
      var _ = leaveBehind(GARBAGE / 3);
      watch.look();
      long before = pool.getUsage().getUsed();
      System.out.println(before > GARBAGE / 3 ? "left alone" : "collected too early");
      var _ = leaveBehind(GARBAGE);
      watch.look();
      System.out.println(pool.getUsage().getUsed() < GARBAGE / 3 ? "collected" : "left alone");
    }

    /** Garbage from when it returns. */
    private static int leaveBehind(int bytes) {
      return new byte[bytes].length;
    }
  }
}
