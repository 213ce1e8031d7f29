package io.liferaft.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One node in a process of its own, from the packaged jar, with everything under one folder. */
public final class LiferaftProcess implements AutoCloseable {

  private final String id;
  private final Path folder;
  private final int httpPort = Ports.free();
  private final int raftPort = Ports.free();
  private final Map<String, String> settings = new TreeMap<>();
  private final List<String> jvmOptions = new ArrayList<>();
  private @Nullable List<String> flags;
  private List<String> program = installed();
  private volatile @Nullable Process process;
  private final AtomicInteger starts = new AtomicInteger();
  private boolean suspended;

  public LiferaftProcess(String id, Path folder) {
    this.id = id;
    this.folder = folder;
    with("server.port", String.valueOf(httpPort));
    with("liferaft.node.id", id);
    with("liferaft.node.data-dir", dataDir().toString());
    with("liferaft.raft.address", raftAddress());
    jvmOptions.add("-Xmx256m");
    jvmOptions.add("-XX:TieredStopAtLevel=1");
  }

  /** The program as liferaftd starts it. */
  private static List<String> installed() {
    Path app = Path.of(System.getProperty("liferaft.app", ""));
    return List.of(
        "-XX:AOTCache=" + app.resolve("liferaft.aot"),
        "-jar",
        app.resolve("liferaft.jar").toString());
  }

  /** Three nodes of one cluster, not started. */
  public static List<LiferaftProcess> cluster(Path folder, int size) {
    List<LiferaftProcess> nodes = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      nodes.add(new LiferaftProcess("n" + i, folder.resolve("n" + i)));
    }
    List<String> members = new ArrayList<>();
    nodes.forEach(node -> members.add(node.id + "=" + node.raftAddress()));
    nodes.forEach(node -> node.with("liferaft.raft.initial-cluster", String.join(",", members)));
    return nodes;
  }

  /** A setting for the next start. */
  public LiferaftProcess with(String property, String value) {
    settings.put(property, value);
    return this;
  }

  /** From the next start: rqlited's command line, with these flags, instead of settings. */
  public LiferaftProcess withFlags(String... more) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of("-node-id", id, "-http-addr", httpAddress(), "-raft-addr", raftAddress()));
    line.addAll(List.of(more));
    line.add(dataDir().toString());
    flags = line;
    return this;
  }

  /** The heap for the next start, for example 160m. */
  public LiferaftProcess withHeap(String size) {
    jvmOptions.removeIf(option -> option.startsWith("-Xmx"));
    jvmOptions.add("-Xmx" + size);
    return this;
  }

  /** From the next start: the heap and compilers that liferaftd chooses. */
  public LiferaftProcess withShippedOptions() {
    jvmOptions.clear();
    jvmOptions.addAll(List.of(System.getProperty("liferaft.jvm.heap").split(" ")));
    return this;
  }

  /** An option of the Java virtual machine from the next start. */
  public LiferaftProcess withJvmOption(String option) {
    jvmOptions.add(option);
    return this;
  }

  /** From the next start: another main class, from the class path of the tests. */
  public LiferaftProcess running(Class<?> main, String... systemProperties) {
    program = new ArrayList<>(List.of(systemProperties));
    // What was installed comes first: its cache is good for every class path that goes on so.
    List<String> installed = installed();
    program.add(installed.getFirst());
    program.add("-cp");
    program.add(installed.getLast() + File.pathSeparator + System.getProperty("java.class.path"));
    program.add(main.getName());
    return this;
  }

  public LiferaftProcess start() {
    suspended = false;
    try {
      starts.incrementAndGet();
      Files.createDirectories(folder);
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of(System.getProperty("liferaft.jvm.options").split(" ")));
      command.addAll(jvmOptions);
      command.addAll(program);
      if (flags == null) {
        settings.forEach((key, value) -> command.add("--" + key + "=" + value));
      } else {
        command.addAll(flags);
      }
      process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
              .start();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a command of the jar said, both streams, and how it ended. */
  public record Said(int status, String text) {}

  /** Runs a command on this node's machine, as {@code liferaftd} would. */
  public Said run(String... words) {
    return runFor(60, words);
  }

  /** The same with another limit, in seconds. */
  public Said runFor(int seconds, String... words) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(System.getProperty("liferaft.jvm.options").split(" ")));
    command.addAll(jvmOptions);
    command.addAll(installed());
    command.addAll(List.of(words));
    try {
      Process run =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
      String text = new String(run.getInputStream().readAllBytes(), UTF_8);
      await(run, seconds);
      return new Said(run.exitValue(), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGKILL. */
  public void kill() {
    Process running = process;
    if (running != null) {
      process = null;
      running.destroyForcibly();
      await(running, 20);
    }
  }

  /** SIGSTOP: it does nothing any more, and knows nothing of it. */
  public void suspend() {
    signal("STOP");
    suspended = true;
  }

  /** SIGCONT. */
  public void resume() {
    suspended = false;
    signal("CONT");
  }

  private void signal(String name) {
    try {
      await(new ProcessBuilder("kill", "-" + name, String.valueOf(pid())).start(), 20);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGTERM, as Ctrl-C or a pod's deletion. */
  public void stop() {
    Process running = process;
    if (running != null) {
      process = null;
      running.destroy();
      await(running, 60);
    }
  }

  private static void await(Process process, int seconds) {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("the process did not end within " + seconds + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Takes the disk away. */
  public void wipe() {
    org.springframework.util.FileSystemUtils.deleteRecursively(dataDir().toFile());
  }

  public String id() {
    return id;
  }

  /** False from the moment that it is told to end. */
  public boolean alive() {
    Process running = process;
    return running != null && running.isAlive();
  }

  /** How often it has been started. */
  public int starts() {
    return starts.get();
  }

  /** Of the running process. */
  public long pid() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException(id + " does not run");
    }
    return running.pid();
  }

  /** Of a process that has ended. */
  public int exitCode() {
    return java.util.Objects.requireNonNull(process).exitValue();
  }

  public Path dataDir() {
    return folder.resolve("data");
  }

  public Path log() {
    return folder.resolve("log.txt");
  }

  public String logText() {
    try {
      return Files.exists(log()) ? Files.readString(log()) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String httpAddress() {
    return "127.0.0.1:" + httpPort;
  }

  public String raftAddress() {
    return "127.0.0.1:" + raftPort;
  }

  public RqliteClient client() {
    return new RqliteClient(httpAddress());
  }

  /** The nodes that lead, as each of them says of itself. */
  public static Stream<LiferaftProcess> leaders(List<LiferaftProcess> nodes) {
    return nodes.stream()
        .filter(node -> node.alive() && !node.suspended)
        .filter(node -> {
          RqliteClient.Answer answer = node.client().get("/status?key=store.raft.state");
          return answer.status() == 200 && answer.body().contains("Leader");
        });
  }

  @Override
  public void close() {
    kill();
  }
}
