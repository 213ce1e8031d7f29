package io.liferaft.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What must stay true of the image's recipe, which nothing here can build without Docker. */
class ImageTests {

  private static List<String> instructions(String name) throws IOException {
    String text = Files.readString(Path.of("Dockerfile")).replace("\\\n", " ");
    return text.lines().filter(line -> line.startsWith(name + " ")).toList();
  }

  @Test
  void runsAsTheChartsUser() throws IOException {
    long user = Release.of("three").pod().getSecurityContext().getRunAsUser();

    assertThat(instructions("USER").getLast()).isEqualTo("USER " + user + ":" + user);
  }

  @Test
  void startsThroughTheScriptThatSetsTheJvmOptions() throws IOException {
    assertThat(instructions("ENTRYPOINT"))
        .containsExactly("ENTRYPOINT [\"/opt/liferaft/bin/liferaftd\"]");
    assertThat(Files.readString(Path.of("Dockerfile"))).doesNotContain("-XX:", "--add-opens");
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains("<entrypoint>/opt/liferaft/bin/liferaftd</entrypoint>");
  }

  @Test
  void basesAreAJavaRuntimePinnedByTagAndTheSameInBoth() throws IOException {
    List<String> bases = instructions("FROM");

    assertThat(bases)
        .hasSize(2)
        .allSatisfy(base ->
            assertThat(base).matches("FROM eclipse-temurin:25[.0-9_]*-jre-[a-z]+( AS .*)?"));
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains("<image>" + bases.getLast().substring("FROM ".length()) + "</image>");
  }

  @Test
  void hasAStartUpCacheOfItsOwnJava() throws IOException {
    assertThat(instructions("RUN")).last().isEqualTo("RUN bin/liferaftd train");
  }

  @Test
  void nothingButTheBuiltProgramIsSentToDocker() throws IOException {
    List<String> ignore = Files.readAllLines(Path.of(".dockerignore"));

    assertThat(ignore).containsExactly("*", "!target/liferaft.jar", "!target/bin/liferaftd");
    assertThat(instructions("COPY"))
        .filteredOn(copy -> !copy.contains("--from="))
        .allMatch(
            copy -> copy.matches("COPY (--chmod=\\d+ )?target/(liferaft\\.jar|bin/liferaftd) .*"));
  }
}
