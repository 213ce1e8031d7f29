package io.liferaft.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Puts what rqlite's JSON files say among the settings, before anything is made of them. After all
 * other sources, so that the files may be named in any of them.
 */
final class RqliteConfigFiles implements EnvironmentPostProcessor {

  static final String BACKUP = "liferaft.backup.rqlite-config";
  static final String RESTORE = "liferaft.restore.rqlite-config";

  @FunctionalInterface
  private interface Reading {
    RqliteConfigFile read(String text, RqliteConfigFile.Variables variables);
  }

  private final Log log;

  RqliteConfigFiles(DeferredLogFactory logs) {
    this.log = logs.getLog(RqliteConfigFiles.class);
  }

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    Map<String, String> backup = read(environment, BACKUP, RqliteConfigFile::backup);
    Map<String, String> restore = read(environment, RESTORE, RqliteConfigFile::restore);
    if (usesS3(backup) && usesS3(restore) && !store(backup).equals(store(restore))) {
      throw new IllegalArgumentException(
          RESTORE
              + " is refused: region, endpoint, path style and credentials must be those of "
              + BACKUP);
    }
    Map<String, Object> settings = new HashMap<>(backup);
    settings.putAll(restore);
    if (!settings.isEmpty()) {
      environment.getPropertySources().addFirst(new MapPropertySource("rqlite-config", settings));
    }
  }

  private Map<String, String> read(
      ConfigurableEnvironment environment, String property, Reading reading) {
    String path = environment.getProperty(property, "").strip();
    if (path.isEmpty()) {
      return Map.of();
    }
    try {
      RqliteConfigFile file =
          reading.read(Files.readString(Path.of(path)), name -> variable(environment, name));
      file.notices().forEach(notice -> log.info("In " + path + ", " + notice));
      for (Map.Entry<String, String> setting : file.settings().entrySet()) {
        String other = environment.getProperty(setting.getKey());
        if (other != null && !other.isEmpty() && !other.equals(setting.getValue())) {
          throw new IllegalArgumentException(
              "it says " + setting.getKey() + ", and so does another setting: leave one out");
        }
      }
      return file.settings();
    } catch (IOException | InvalidPathException e) {
      throw refused(property, path, "it cannot be read: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw refused(property, path, String.valueOf(e.getMessage()), e);
    }
  }

  private static IllegalArgumentException refused(
      String property, String path, String reason, Exception cause) {
    return new IllegalArgumentException(
        "%s=%s is refused: %s".formatted(property, path, reason), cause);
  }

  private static @Nullable String variable(ConfigurableEnvironment environment, String name) {
    Object value = environment.getSystemEnvironment().get(name);
    return value == null ? null : value.toString();
  }

  private static boolean usesS3(Map<String, String> settings) {
    return settings.values().stream().anyMatch(value -> value.startsWith("s3://"));
  }

  private static Map<String, String> store(Map<String, String> settings) {
    Map<String, String> store = new HashMap<>(settings);
    store.keySet().removeIf(key -> !key.startsWith(RqliteConfigFile.STORE_PREFIX));
    return store;
  }
}
