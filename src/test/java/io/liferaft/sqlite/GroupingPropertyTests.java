package io.liferaft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Random entries, grouped in several ways. One case again: {@code -Dliferaft.grouping.seed=SEED};
 * for longer: {@code -Dliferaft.grouping.seconds=600}, or {@link GroupingPropertyIT} in the profile
 * soak.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("GroupingPropertyTests")
class GroupingPropertyTests {

  private static final long FIRST_SEED = 4_000_000;

  @TempDir Path folder;

  @Test
  void groupingNeverShows() throws IOException {
    GroupingProperty property = new GroupingProperty(folder);
    Long seed = Long.getLong("liferaft.grouping.seed");
    if (seed != null) {
      property.holds(seed);
      return;
    }
    Duration time = Duration.ofSeconds(Long.getLong("liferaft.grouping.seconds", 12));

    assertThat(property.holdsFor(time, FIRST_SEED)).isGreaterThan(GroupingProperty.LEAST);
  }
}
