package io.liferaft;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.liferaft.cli.CommandLine;
import io.liferaft.raft.LeadershipChanged;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.util.FileSystemUtils;

/**
 * {@code liferaftd train}: one short life of a node on loopback ports and in a folder of its own,
 * which is deleted afterwards. Run with {@code -XX:AOTCacheOutput}, it shows the JVM which classes
 * a node needs and what its hot code does, and the JVM writes both to the file that later starts
 * map: classes loaded and linked (JEP 483 and 514), and profiles (JEP 515).
 */
final class TrainingRun {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** Writes and reads, each: enough for the profiles by which the JVM compiles their path. */
  private static final int HOT = 3_000;

  private TrainingRun() {}

  /**
   * Runs a node, asks it what clients, probes and operators ask, and stops it.
   *
   * @return the exit status: 0, or 1 with the reason on {@code err}
   */
  static int run(PrintStream err) {
    try {
      Path folder = Files.createTempDirectory("liferaft-train");
      try {
        live(folder);
        return 0;
      } finally {
        FileSystemUtils.deleteRecursively(folder);
      }
    } catch (IOException e) {
      err.println("liferaftd train: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      err.println("liferaftd train: interrupted");
    }
    return 1;
  }

  private static void live(Path folder) throws IOException, InterruptedException {
    // As main does before.
    CommandLine.Outcome _ = CommandLine.read(List.of("-node-id", "train", "data"), "");
    OldGeneration.watch();
    BlockingQueue<Object> changes = new LinkedBlockingQueue<>();
    SpringApplication application = new SpringApplication(LiferaftApplication.class);
    application.addListeners(
        (ApplicationListener<PayloadApplicationEvent<LeadershipChanged>>) changes::add);
    try (ConfigurableApplicationContext node =
        application.run(
            "--logging.level.root=warn",
            "--server.address=127.0.0.1",
            "--server.port=0",
            "--liferaft.node.id=train",
            "--liferaft.node.data-dir=" + folder.resolve("data"),
            "--liferaft.raft.address=127.0.0.1:" + freePort(),
            "--liferaft.backup.target=" + folder.resolve("backup").toUri() + "train.sqlite.gz",
            "--liferaft.backup.interval=1s")) {
      ask(node.getEnvironment().getRequiredProperty("local.server.port"), changes);
    }
  }

  private static void ask(String port, BlockingQueue<Object> changes)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      String node = "http://127.0.0.1:" + port;
      awaitReady(client, URI.create(node + "/readyz"), changes);
      post(client, node + "/db/execute", "[\"CREATE TABLE t (id INTEGER PRIMARY KEY, x, y, z)\"]");
      for (String path : List.of("/db/execute", "/db/execute?queue&wait", "/db/request?timings")) {
        post(
            client,
            node + path,
            "[[\"INSERT INTO t(x, y, z) VALUES(?, ?, ?)\", 1, 2.5, \"three\"]]");
      }
      post(
          client,
          node + "/db/execute?transaction",
          "[\"UPDATE t SET x = 2\", \"DELETE FROM t WHERE id = 1\"]");
      for (String level : List.of("none", "weak", "linearizable", "strong", "auto")) {
        post(
            client,
            node + "/db/query?associative&level=" + level,
            "[[\"SELECT * FROM t WHERE id = :id\", {\"id\": 2}]]");
        get(client, node + "/db/query?q=SELECT+*+FROM+t&level=" + level);
      }
      post(client, node + "/actuator/backup", "");
      for (String path :
          List.of(
              "/readyz",
              "/status",
              "/nodes",
              "/db/backup",
              "/actuator/health/liveness",
              "/actuator/health/readiness",
              "/actuator/health",
              "/actuator/prometheus",
              "/actuator/backup",
              "/actuator/restore")) {
        get(client, node + path);
      }
      for (int i = 0; i < HOT; i++) {
        post(
            client,
            node + "/db/execute",
            "[[\"INSERT INTO t(x, y, z) VALUES(?, 2.5, 'four')\", 1]]");
        get(client, node + "/db/query?q=SELECT+*+FROM+t+WHERE+id=2");
      }
    }
  }

  /** Looks when this node begins to lead, and a little later again. */
  private static void awaitReady(HttpClient client, URI probe, BlockingQueue<Object> changes)
      throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(probe).timeout(PATIENCE).build();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == 200) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new IOException("not ready after %s: %s".formatted(PATIENCE, answer.body()));
      }
      Object _ = changes.poll(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static void post(HttpClient client, String uri, String body)
      throws IOException, InterruptedException {
    send(
        client,
        HttpRequest.newBuilder(URI.create(uri))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static void get(HttpClient client, String uri) throws IOException, InterruptedException {
    send(client, HttpRequest.newBuilder(URI.create(uri)).GET());
  }

  private static void send(HttpClient client, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> answer =
        client.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofByteArray());
    if (answer.statusCode() >= 400) {
      throw new IOException(
          "%s: %d %s"
              .formatted(answer.uri(), answer.statusCode(), new String(answer.body(), UTF_8)));
    }
  }

  /** Free a moment ago: Ratis' address must be known before it listens. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
