package io.liferaft.api;

import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.support.Ports;
import io.liferaft.support.ProgramOnly;
import io.liferaft.support.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;

/** A whole node in this JVM: the application as it is shipped, with its own folder and ports. */
final class ApplicationNode implements AutoCloseable {

  final String id;
  final String httpAddress;
  final String raftAddress;
  final RawHttp http;
  private final Path folder;
  private @Nullable ConfigurableApplicationContext context;

  private ApplicationNode(String id, Path folder) {
    int port = Ports.free();
    this.id = id;
    this.folder = folder;
    httpAddress = "127.0.0.1:" + port;
    raftAddress = "127.0.0.1:" + Ports.free();
    http = new RawHttp(port);
  }

  /** Nodes n1, n2 … of one cluster that are ready. */
  static List<ApplicationNode> cluster(Path folder, int size, String... settings) {
    List<ApplicationNode> nodes =
        IntStream.rangeClosed(1, size)
            .mapToObj(i -> new ApplicationNode("n" + i, folder.resolve("n" + i)))
            .toList();
    String members =
        String.join(",", nodes.stream().map(node -> node.id + "=" + node.raftAddress).toList());
    nodes.forEach(node -> node.start(members, settings));
    nodes.forEach(ApplicationNode::awaitReady);
    return nodes;
  }

  /** Stops all at once; nobody hands leadership on to one that stops as well. */
  static void close(List<ApplicationNode> nodes) {
    CompletableFuture<?>[] stopping =
        nodes.stream()
            .map(node ->
                CompletableFuture.runAsync(node::close, work -> Thread.ofPlatform().start(work)))
            .toArray(CompletableFuture[]::new);
    Void _ = CompletableFuture.allOf(stopping).join();
  }

  private void start(String members, String... settings) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--server.port=" + httpAddress.substring(httpAddress.indexOf(':') + 1),
                "--liferaft.node.id=" + id,
                "--liferaft.node.data-dir=" + folder,
                "--liferaft.raft.address=" + raftAddress,
                "--liferaft.raft.initial-cluster=" + members,
                "--spring.jmx.enabled=false",
                "--spring.lifecycle.timeout-per-shutdown-phase=1s",
                "--spring.main.register-shutdown-hook=false"));
    arguments.addAll(List.of(settings));
    context = ProgramOnly.application().run(arguments.toArray(String[]::new));
  }

  private void awaitReady() {
    Waiting.await(id + " is ready").until(() -> http.get("/readyz").status() == 200);
  }

  NodeStatus status() {
    ConfigurableApplicationContext running = context;
    if (running == null) {
      throw new IllegalStateException(id + " does not run");
    }
    return running.getBean(RaftNode.class).status();
  }

  /** Until it has applied all that another node has. */
  void awaitIndexOf(ApplicationNode other) {
    long index = other.status().appliedIndex();
    Waiting.await(id + " has applied " + index).until(() -> status().appliedIndex() >= index);
  }

  @Override
  public void close() {
    if (context != null) {
      context.close();
    }
  }
}
