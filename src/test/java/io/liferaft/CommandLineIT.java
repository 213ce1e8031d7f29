package io.liferaft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.LiferaftProcess;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A cluster with users, started as rqlited is: the same flags on every node and at every start. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("CommandLineIT")
class CommandLineIT {

  private static final String USERS =
      """
      [{"username": "bob", "password": "secret", "perms": ["all"]},
       {"username": "*", "perms": ["ready", "status"]}]
      """;

  @TempDir Path folder;

  @AutoClose private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void threeNodesAndAReadReplicaByFlagsWithUsers() throws Exception {
    Path users = Files.writeString(folder.resolve("users.json"), USERS);
    List<LiferaftProcess> voters =
        IntStream.rangeClosed(1, 3)
            .mapToObj(i -> new LiferaftProcess("n" + i, folder.resolve("n" + i)))
            .toList();
    String join = String.join(",", voters.stream().map(LiferaftProcess::raftAddress).toList());
    LiferaftProcess replica = new LiferaftProcess("r1", folder.resolve("r1"));
    try {
      for (LiferaftProcess voter : voters) {
        voter
            .withFlags(
                "-auth", users.toString(), "-join-as", "bob", "-join", join, "-bootstrap-expect=3")
            .start();
      }
      voters.forEach(NodeCluster::awaitReady);
      LiferaftProcess leader =
          Waiting.await("a leader")
              .until(() -> LiferaftProcess.leaders(voters).toList(), all -> all.size() == 1)
              .getFirst();
      LiferaftProcess follower =
          voters.stream().filter(voter -> voter != leader).findFirst().orElseThrow();

      queuedWritesThroughAFollowerSucceedThoughThereAreUsers(follower);
      aKilledNodeComesBackByTheSameCommandLine(leader);
      aReadReplicaJoinsAndReads(replica, users, join);
    } finally {
      voters.forEach(LiferaftProcess::close);
      replica.close();
    }
  }

  /** Row D of rqlite's defects. */
  private void queuedWritesThroughAFollowerSucceedThoughThereAreUsers(LiferaftProcess follower)
      throws Exception {
    assertThat(post(follower, "/db/execute", "[\"CREATE TABLE q(x)\"]", true)).contains("{}");
    assertThat(post(follower, "/db/execute", "[\"CREATE TABLE no(x)\"]", false)).isEqualTo("401 ");
    for (int i = 0; i < 20; i++) {
      assertThat(post(follower, "/db/execute?queue", "[\"INSERT INTO q VALUES(1)\"]", true))
          .contains("sequence_number");
    }
    assertThat(post(follower, "/db/execute?queue&wait", "[\"INSERT INTO q VALUES(1)\"]", true))
        .startsWith("200 ")
        .contains("sequence_number");
    assertThat(count(follower, "strong")).contains("[[21]]");
  }

  private void aKilledNodeComesBackByTheSameCommandLine(LiferaftProcess node) throws Exception {
    node.kill();
    node.start();
    NodeCluster.awaitReady(node);
    assertThat(count(node, "linearizable")).contains("[[21]]");
  }

  private void aReadReplicaJoinsAndReads(LiferaftProcess replica, Path users, String join)
      throws Exception {
    replica
        .withFlags(
            "-auth", users.toString(), "-join-as", "bob", "-join", join, "-raft-non-voter=true")
        .start();
    NodeCluster.awaitCaughtUp(replica);
    assertThat(count(replica, "none")).contains("[[21]]");
    assertThat(replica.client().get("/nodes?nonvoters").json().path("r1").path("voter").asBoolean())
        .isFalse();
    assertThat(replica.client().get("/nodes").json().has("r1")).isFalse();
  }

  private String count(LiferaftProcess node, String level) throws Exception {
    return post(node, "/db/query?level=" + level, "[\"SELECT count(*) FROM q\"]", true);
  }

  /** Status and body. */
  private String post(LiferaftProcess node, String path, String json, boolean asBob)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + node.httpAddress() + path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json));
    if (asBob) {
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString("bob:secret".getBytes(UTF_8)));
    }
    HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    return answer.statusCode() + " " + answer.body();
  }
}
