package io.liferaft.chart;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.springframework.util.FileSystemUtils;

/**
 * The files of the image, put together by the Dockerfile's own steps, and started without Docker.
 */
final class UnpackedImage {

  private static final Pattern LAYER =
      Pattern.compile("(?m)^COPY --from=layers /layers/extracted/([a-z-]+)/ \\./$");

  private final Path home;

  private UnpackedImage(Path home) {
    this.home = home;
  }

  static UnpackedImage into(Path folder) throws IOException, InterruptedException {
    Path extracted = folder.resolve("extracted");
    Path home = folder.resolve("opt/liferaft");
    Process extraction =
        new ProcessBuilder(
                java(),
                "-Djarmode=tools",
                "-jar",
                System.getProperty("liferaft.jar"),
                "extract",
                "--layers",
                "--destination",
                extracted.toString())
            .inheritIO()
            .start();
    if (extraction.waitFor() != 0) {
      throw new IllegalStateException("the jar cannot be taken apart");
    }
    List<String> layers =
        LAYER
            .matcher(Files.readString(Path.of("Dockerfile")))
            .results()
            .map(m -> m.group(1))
            .toList();
    for (String layer : layers) {
      FileSystemUtils.copyRecursively(extracted.resolve(layer), home);
    }
    Path script = Path.of(System.getProperty("liferaft.jar")).resolveSibling("bin/liferaftd");
    Files.createDirectories(home.resolve("bin"));
    Files.copy(
        script, home.resolve("bin/liferaftd"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    UnpackedImage image = new UnpackedImage(home);
    Process training =
        image.start(List.of("train"), Map.of(), Files.createTempFile(folder, "train", ".txt"));
    if (training.waitFor() != 0 || !Files.exists(home.resolve("liferaft.aot"))) {
      throw new IllegalStateException("the start-up cache was not written");
    }
    return image;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** Starts what the image's entry point starts. */
  Process start(List<String> arguments, Map<String, String> environment, Path log) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(home.resolve("bin/liferaftd").toString())
              .directory(home.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()));
      builder.command().addAll(arguments);
      builder.environment().keySet().removeIf(key -> key.startsWith("LIFERAFT_"));
      builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
      builder.environment().putAll(environment);
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
