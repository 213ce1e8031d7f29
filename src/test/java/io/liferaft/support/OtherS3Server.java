package io.liferaft.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Another make of S3 server than {@link S3Server}: Adobe's S3Mock, a process of its own from the
 * jar that the build has fetched. It checks no signatures. Whoever starts it closes it.
 */
public final class OtherS3Server implements AutoCloseable {

  private final int port;
  private final Path log;
  private final Process process;

  private OtherS3Server(int port, Path log, Process process) {
    this.port = port;
    this.log = log;
    this.process = process;
  }

  /**
   * Starts it with one bucket.
   *
   * @param folder for its objects and its log
   */
  public static OtherS3Server start(Path folder, String bucket) {
    int port = Ports.free();
    Path log = folder.resolve("s3mock.log");
    try {
      Files.createDirectories(folder.resolve("objects"));
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-XX:TieredStopAtLevel=1",
                  "-jar",
                  System.getProperty("liferaft.other-s3.jar"),
                  "--com.adobe.testing.s3mock.httpPort=" + port,
                  "--server.port=" + Ports.free(),
                  "--server.address=127.0.0.1",
                  "--com.adobe.testing.s3mock.store.initialBuckets=" + bucket,
                  "--com.adobe.testing.s3mock.store.root=" + folder.resolve("objects"))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      OtherS3Server server = new OtherS3Server(port, log, process);
      try {
        server.awaitUp(bucket);
        return server;
      } catch (RuntimeException | Error e) {
        server.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitUp(String bucket) {
    RqliteClient http = new RqliteClient("127.0.0.1:" + port);
    Waiting.await("the other S3 server")
        .failFast("it has ended, see " + log, () -> !process.isAlive())
        .until(() -> http.get("/" + bucket).status() == 200);
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Settings of a Liferaft node that uses this server. */
  public List<String> nodeSettings() {
    return List.of(
        "spring.cloud.aws.region.static=us-east-1",
        "spring.cloud.aws.s3.endpoint=" + endpoint(),
        "spring.cloud.aws.s3.path-style-access-enabled=true",
        "spring.cloud.aws.credentials.access-key=any",
        "spring.cloud.aws.credentials.secret-key=any");
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
