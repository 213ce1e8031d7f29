package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every source file is as google-java-format leaves it. {@code ./mvnw spotless:apply} (with a JDK
 * 21 or newer for Maven itself) brings it there.
 */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("FormatTests")
class FormatTests {

  static List<Path> folders() {
    return List.of(Path.of("src/main/java"), Path.of("src/test/java"), Path.of("src/jmh/java"));
  }

  @ParameterizedTest
  @MethodSource("folders")
  void sourcesAreFormatted(Path folder) throws IOException {
    List<Path> unformatted;

    try (Stream<Path> files = Files.walk(folder)) {
      unformatted =
          files.filter(file -> file.toString().endsWith(".java")).filter(this::differs).toList();
    }

    assertThat(unformatted).as("run ./mvnw spotless:apply").isEmpty();
  }

  private boolean differs(Path file) {
    try {
      String source = Files.readString(file);
      String sorted =
          ImportOrderer.reorderImports(
              RemoveUnusedImports.removeUnusedImports(source), JavaFormatterOptions.Style.GOOGLE);
      return !new Formatter().formatSource(sorted).equals(source);
    } catch (IOException | com.google.googlejavaformat.java.FormatterException e) {
      throw new IllegalStateException(file.toString(), e);
    }
  }
}
