package io.liferaft.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/**
 * The pairs under {@code rqlite/*.http}, which were written from rqlite's documented and observed
 * behaviour and not from our answers, against whole nodes. The pairs of a file share a database
 * that is empty at first.
 *
 * <p>Besides what a pair says, every answer is held to the rules on headers: {@link AnswerRules}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RqliteConformanceTests {

  private static final String USERS =
      """
      [ {"username":"bob","password":"secret1","perms":["all"]},
        {"username":"mary","password":"secret2","perms":["query","backup","join"]},
        {"username":"eve","password":"sécret:3","perms":["execute","unheard-of"]},
        {"username":"op","password":"x","perms":["load","snapshot","leader-ops","remove"]},
        {"username":"*","perms":["status","ready"]} ]
      """;

  /** One node of three that knows no leader. */
  private static final String LOST = "lost";

  @TempDir Path folder;
  private final Map<String, List<ApplicationNode>> clusters = new HashMap<>();
  private final Map<String, byte[]> empties = new HashMap<>();

  @AfterAll
  void stop() {
    clusters.values().forEach(ApplicationNode::close);
  }

  @TestFactory
  Stream<DynamicContainer> answersAsRqliteDoes() throws IOException {
    Resource[] files =
        new PathMatchingResourcePatternResolver().getResources("classpath:/rqlite/*.http");
    List<DynamicContainer> groups = new ArrayList<>();
    for (Resource file : files) {
      groups.add(group(file));
    }
    assertThat(groups).hasSizeGreaterThan(10);
    return groups.stream();
  }

  private DynamicContainer group(Resource file) throws IOException {
    String name = Objects.requireNonNull(file.getFilename());
    HttpPair.Pairs group = HttpPair.read(file.getContentAsString(UTF_8).lines().toList());
    String nodes = group.options().getOrDefault("nodes", "one");
    Stream<DynamicTest> empty =
        Stream.of(DynamicTest.dynamicTest("an empty database", () -> reset(nodes)));
    return DynamicContainer.dynamicContainer(
        name,
        Stream.concat(
            empty,
            group.pairs().stream()
                .map(pair ->
                    DynamicTest.dynamicTest(
                        pair.name() + " (" + name + ":" + pair.line() + ")",
                        () -> check(pair, nodes)))));
  }

  private List<ApplicationNode> cluster(String kind) {
    return clusters.computeIfAbsent(
        kind,
        _ ->
            switch (kind) {
              case "one" -> ApplicationNode.cluster(folder.resolve(kind), 1);
              case "three" -> ApplicationNode.cluster(folder.resolve(kind), 3);
              case LOST -> lost(ApplicationNode.cluster(folder.resolve(kind), 3));
              case "users" ->
                  ApplicationNode.cluster(
                      folder.resolve(kind),
                      1,
                      "--liferaft.security.auth-file=" + usersFile(),
                      "--liferaft.http.allow-origin=https://example.com");
              default -> throw new IllegalArgumentException("unknown nodes " + kind);
            });
  }

  private static List<ApplicationNode> lost(List<ApplicationNode> nodes) {
    ApplicationNode.close(nodes.subList(1, 3));
    ApplicationNode left = nodes.getFirst();
    // An election that is about to be over leaves it ready.
    Waiting.await("no leader is known, and not for a moment only")
        .until(() -> left.status().leader() == null && left.http.get("/readyz").status() == 503);
    return List.of(left);
  }

  private Path usersFile() {
    try {
      return Files.writeString(folder.resolve("auth.json"), USERS);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** An empty database as if the process were new: connection counters begin at 0 again. */
  private void reset(String kind) throws IOException {
    if (kind.equals(LOST)) {
      return;
    }
    ApplicationNode node = leader(cluster(kind));
    String user = kind.equals("users") ? "Authorization: Basic Ym9iOnNlY3JldDE=\r\n" : "";
    byte[] empty = empties.get(kind);
    if (empty == null) {
      RawHttp.Answer backup = node.http.send("GET", "/db/backup", user, new byte[0]);
      assertThat(backup.status()).isEqualTo(200);
      empties.put(kind, backup.body().toByteArray());
    } else {
      RawHttp.Answer load = node.http.send("POST", "/db/load", user, empty);
      assertThat(load.text()).isEqualTo("{\"results\":[]}");
    }
  }

  private void check(HttpPair pair, String kind) throws IOException {
    List<ApplicationNode> nodes = cluster(kind);
    ApplicationNode leader = kind.equals(LOST) ? nodes.getFirst() : leader(nodes);
    ApplicationNode asked =
        pair.has("follower")
            ? nodes.stream().filter(node -> node != leader).findFirst().orElseThrow()
            : leader;
    if (asked != leader) {
      asked.awaitIndexOf(leader);
    }
    Placeholders placeholders = new Placeholders();
    placeholders.put("self", asked.httpAddress);
    placeholders.put("self-raft", asked.raftAddress);
    placeholders.put("self-id", asked.id);
    placeholders.put("leader", leader.httpAddress);
    placeholders.put("leader-raft", leader.raftAddress);
    placeholders.put("leader-id", leader.id);

    RawHttp.Answer answer = PairSender.send(pair, asked.http, placeholders);

    new AnswerRules(pair, placeholders, kind.equals("users")).check(answer);
  }

  private static ApplicationNode leader(List<ApplicationNode> nodes) {
    return Waiting.await("a leader")
        .until(
            () -> nodes.stream().filter(node -> node.status().leads()).toList(),
            leaders -> leaders.size() == 1)
        .getFirst();
  }
}
