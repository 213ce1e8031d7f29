package io.liferaft.chart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The start script with a Java that only says what it was called with. */
class StartScriptTests {

  private static final Path SCRIPT = Path.of("src/main/scripts/liferaftd").toAbsolutePath();

  @TempDir Path folder;

  @BeforeEach
  void javaThatSaysWhatItGets() throws IOException {
    Path java = Files.createDirectories(folder.resolve("jdk/bin")).resolve("java");
    Files.writeString(
        java,
        """
        #!/bin/sh
        if [ "$1" = -version ]; then echo 'openjdk version "25.0.3"' >&2; exit 0; fi
        for word in "$@"; do echo "$word"; done > "${0%/*}/words"
        echo "data=${LIFERAFT_NODE_DATADIR:-}"
        while [ "$1" != -jar ]; do shift; done
        shift 2
        for word in "$@"; do echo "$word"; done
        """);
    assertThat(java.toFile().setExecutable(true)).isTrue();
  }

  private List<String> run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    builder.environment().put("JAVA25_HOME", folder.resolve("jdk").toString());
    builder.environment().put("LIFERAFT_JAR", "any.jar");
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    assertThat(process.waitFor()).as("%s", lines).isZero();
    return lines;
  }

  @Test
  void theImageReadsTheVariablesOfRqlitesImage() throws Exception {
    Map<String, String> environment =
        Map.of(
            "LIFERAFT_IMAGE", "true",
            "LIFERAFT_NODE_DATADIR", "/var/lib/liferaft/data",
            "HTTP_ADDR", "0.0.0.0:4001",
            "HTTP_ADV_ADDR", "n1:4001",
            "RAFT_ADDR", "0.0.0.0:4002",
            "RAFT_ADV_ADDR", "n1:4002",
            "NODE_ID", "node one",
            "ENABLE_FK", "true",
            "DATA_DIR", "/rqlite/file/data",
            "START_DELAY", "0");

    assertThat(run(environment, "-join", "n2:4002"))
        .containsExactly(
            "data=/rqlite/file/data",
            "-http-addr",
            "0.0.0.0:4001",
            "-http-adv-addr",
            "n1:4001",
            "-raft-addr",
            "0.0.0.0:4002",
            "-raft-adv-addr",
            "n1:4002",
            "-node-id",
            "node one",
            "-fk",
            "-join",
            "n2:4002");
  }

  @ParameterizedTest
  @ValueSource(strings = {"backups", "bench", "recover"})
  void theArgumentsOfACommandStayAsTheyAre(String command) throws Exception {
    assertThat(run(Map.of("LIFERAFT_IMAGE", "true", "NODE_ID", "n1"), command, "/data"))
        .containsExactly("data=", command, "/data");
  }

  @Test
  void saysWhatHasNoEffect() throws Exception {
    assertThat(
            run(Map.of("LIFERAFT_IMAGE", "true", "SQLITE_EXTENSIONS", "vec", "ENABLE_FK", "false")))
        .containsExactly(
            "liferaftd: SQLITE_EXTENSIONS and CUSTOM_SQLITE_EXTENSIONS_PATH have no effect: extensions are not loaded",
            "data=");
  }

  /** On a machine such names may mean anything. */
  @Test
  void outsideOfTheImageTheyMeanNothing() throws Exception {
    assertThat(run(Map.of("NODE_ID", "n1", "DATA_DIR", "/data"), "-h"))
        .containsExactly("data=", "-h");
  }

  /** Everything that java was called with. */
  private List<String> words() throws IOException {
    return Files.readAllLines(folder.resolve("jdk/bin/words"));
  }

  private Map<String, String> unpacked() throws IOException {
    Path app = Files.createDirectories(folder.resolve("app"));
    return Map.of("LIFERAFT_JAR", Files.createFile(app.resolve("liferaft.jar")).toString());
  }

  @Test
  void aStartUpCacheBesideTheJarIsUsed() throws Exception {
    Map<String, String> unpacked = unpacked();
    List<String> _ = run(unpacked);
    assertThat(words()).noneMatch(word -> word.contains("AOTCache"));

    Path cache = Files.createFile(folder.resolve("app/liferaft.aot"));
    List<String> _ = run(unpacked, "-node-id", "1");

    assertThat(words()).contains("-XX:AOTCache=" + cache);
    assertThat(words()).endsWith("-jar", unpacked.get("LIFERAFT_JAR"), "-node-id", "1");
  }

  @Test
  void trainingWritesTheCacheAlsoInTheImage() throws Exception {
    Map<String, String> environment = new java.util.TreeMap<>(unpacked());
    environment.putAll(Map.of("LIFERAFT_IMAGE", "true", "NODE_ID", "one"));
    Path cache = Files.createFile(folder.resolve("app/liferaft.aot"));

    assertThat(run(environment, "train")).containsExactly("data=", "train");

    assertThat(words()).contains("-XX:AOTCacheOutput=" + cache);
    assertThat(words()).noneMatch(word -> word.startsWith("-XX:AOTCache="));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xmx512m", "-XX:MaxRAMPercentage=45 -Xlog:gc"})
  void aHeapOfTheOperatorTakesThePlaceOfOurs(String options) throws Exception {
    List<String> _ = run(Map.of());
    assertThat(words()).contains("@liferaft.jvm.heap@");

    List<String> _ = run(Map.of("LIFERAFT_JAVA_OPTS", options));

    assertThat(words()).doesNotContain("@liferaft.jvm.heap@").contains(options.split(" "));
  }

  /** The JVM refuses two. */
  @Test
  void aCollectorOfTheOperatorTakesThePlaceOfOurs() throws Exception {
    List<String> _ = run(Map.of("LIFERAFT_JAVA_OPTS", "-Xlog:gc"));
    assertThat(words()).contains("@liferaft.jvm.collector@");

    List<String> _ = run(Map.of("LIFERAFT_JAVA_OPTS", "-XX:+UseZGC"));

    assertThat(words()).doesNotContain("@liferaft.jvm.collector@").contains("-XX:+UseZGC");
  }
}
