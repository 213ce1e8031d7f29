package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The long form of {@link GroupingPropertyTests}, with cases of its own in every run. */
@Tag("soak")
class GroupingPropertyIT {

  @TempDir Path folder;

  @Test
  void groupingNeverShows() throws IOException {
    Duration time = Duration.ofSeconds(Long.getLong("liferaft.grouping.seconds", 600));

    int cases = new GroupingProperty(folder).holdsFor(time, System.nanoTime());

    assertThat(cases).isGreaterThan(100);
  }
}
