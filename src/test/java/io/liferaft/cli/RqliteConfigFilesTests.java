package io.liferaft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** rqlite's files of automatic backup and restore, as operators have them. */
class RqliteConfigFilesTests {

  private static final String S3 =
      """
      {"version": 1, "type": "s3", "interval": "5m", "no_compress": true, "timestamp": false,
       "vacuum": false,
       "sub": {"access_key_id": "$KEY", "secret_access_key": "${SECRET}", "region": "eu-west-1",
               "bucket": "b", "path": "db/x.gz", "endpoint": "minio.example.org",
               "force_path_style": true}}\
      """;

  @TempDir Path folder;

  private static @Nullable String variable(String name) {
    return Map.of("KEY", "AK", "SECRET", "s$1e").get(name);
  }

  private static Map<String, String> backup(String text) {
    return RqliteConfigFile.backup(text, RqliteConfigFilesTests::variable).settings();
  }

  private static RqliteConfigFile restore(String text) {
    return RqliteConfigFile.restore(text, RqliteConfigFilesTests::variable);
  }

  @Test
  void translatesABackupToS3() {
    assertThat(backup(S3))
        .containsOnly(
            Map.entry("liferaft.backup.target", "s3://b/db/x.gz"),
            Map.entry("liferaft.backup.interval", "300000ms"),
            Map.entry("liferaft.backup.compress", "false"),
            Map.entry("spring.cloud.aws.credentials.access-key", "AK"),
            Map.entry("spring.cloud.aws.credentials.secret-key", "s$1e"),
            Map.entry("spring.cloud.aws.region.static", "eu-west-1"),
            Map.entry("spring.cloud.aws.s3.endpoint", "https://minio.example.org"),
            Map.entry("spring.cloud.aws.s3.path-style-access-enabled", "true"));
  }

  @Test
  void emptyCredentialsAreTheDefaultOnes() {
    assertThat(
            backup(
                """
                {"type": "s3", "interval": 30000000000,
                 "sub": {"access_key_id": "$NONE", "secret_access_key": null, "bucket": "b", "path": "p"}}\
                """))
        .containsOnly(
            Map.entry("liferaft.backup.target", "s3://b/p"),
            Map.entry("liferaft.backup.interval", "30000ms"),
            Map.entry("liferaft.backup.compress", "true"));
  }

  @ParameterizedTest
  @CsvSource({
    "http://10.0.0.1:9000,true",
    "10.0.0.1,true",
    "http://[::1]:9000,true",
    "http://minio:9000,false",
  })
  void anIpAddressMeansPathStyle(String endpoint, boolean pathStyle) {
    String text =
        "{\"type\":\"s3\",\"interval\":\"1s\",\"sub\":{\"bucket\":\"b\",\"path\":\"p\",\"endpoint\":\"@\"}}";

    assertThat(
            backup(text.replace("@", endpoint))
                .containsKey("spring.cloud.aws.s3.path-style-access-enabled"))
        .isEqualTo(pathStyle);
  }

  @Test
  void translatesARestore() {
    RqliteConfigFile file =
        restore(
            """
            {"version": 1, "type": "file", "timeout": "60s", "continue_on_failure": true,
             "sub": {"dir": "/backups", "name": "db.gz"}}\
            """);

    assertThat(file.settings())
        .containsOnly(
            Map.entry("liferaft.restore.source", "file:/backups/db.gz"),
            Map.entry("liferaft.restore.on-failure", "start-empty"));
    assertThat(file.notices()).singleElement().asString().startsWith("timeout has no effect");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"type\": \"s3\"|\"type\": \"gcs\"|type gcs is not supported",
        "\"type\": \"s3\"|\"type\": \"ftp\"|type is 'ftp', not one of s3 and file",
        "\"version\": 1|\"version\": 2|invalid version",
        "\"vacuum\": false|\"vacuum\": 1|vacuum is neither true nor false",
        "\"interval\": \"5m\"|\"interval\": \"0s\"|interval is not above zero",
        "\"interval\": \"5m\"|\"interval\": \"5\"|interval: it is a time",
        "\"interval\": \"5m\",|~~|interval: it is a time",
        "\"bucket\": \"b\"|\"bucket\": \"\"|bucket is missing",
        "\"bucket\"|\"buket\"|there is no key 'buket'",
        "\"vacuum\"|\"vacum\"|there is no key 'vacum'",
        "$KEY|~~|belong together",
        "\"sub\":|\"sub\"|it is no JSON",
      })
  void refusesWhatSettingsCannotSay(String part, String other, String reason) {
    String text = S3.replace(part, other);
    assertThat(text).isNotEqualTo(S3);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> backup(text))
        .withMessageContaining(reason);
  }

  @Test
  void takesTimestampAndVacuum() {
    for (String key : List.of("timestamp", "vacuum")) {
      String asked = S3.replace("\"" + key + "\": false", "\"" + key + "\": true");
      assertThat(asked).isNotEqualTo(S3);
      assertThat(backup(asked)).containsEntry("liferaft.backup." + key, "true");
      assertThat(backup(S3)).doesNotContainKey("liferaft.backup." + key);
    }
  }

  @ParameterizedTest
  @CsvSource({"backups,db,dir is 'backups'", "/backups,a/b,name is 'a/b'"})
  void aFileHasAnAbsoluteFolderAndAPlainName(String folder, String name, String reason) {
    String text = "{\"type\":\"file\",\"sub\":{\"dir\":\"@\",\"name\":\"#\"}}";

    assertThatIllegalArgumentException()
        .isThrownBy(() -> restore(text.replace("@", folder).replace("#", name)))
        .withMessageContaining(reason);
  }

  // --- among the settings ---

  private StandardEnvironment environment(Map<String, String> properties) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("test", Map.copyOf(properties)));
    Log log = LogFactory.getLog(RqliteConfigFilesTests.class);
    new RqliteConfigFiles(_ -> log).postProcessEnvironment(environment, new SpringApplication());
    return environment;
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  @Test
  void bothFilesBecomeSettings() throws IOException {
    String backup =
        file(
            "b.json",
            "{\"type\":\"file\",\"interval\":\"7s\",\"sub\":{\"dir\":\"/b\",\"name\":\"x\"}}");
    String restore = file("r.json", "{\"type\":\"file\",\"sub\":{\"dir\":\"/r/\",\"name\":\"x\"}}");

    StandardEnvironment environment =
        environment(Map.of(RqliteConfigFiles.BACKUP, backup, RqliteConfigFiles.RESTORE, restore));

    assertThat(environment.getProperty("liferaft.backup.target")).isEqualTo("file:/b/x");
    assertThat(environment.getProperty("liferaft.backup.interval")).isEqualTo("7000ms");
    assertThat(environment.getProperty("liferaft.restore.source")).isEqualTo("file:/r/x");
  }

  @Test
  void withoutFilesNothingChanges() {
    assertThat(environment(Map.of()).getPropertySources().contains("rqlite-config")).isFalse();
  }

  @Test
  void refusesAMissingFileNamingIt() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> environment(Map.of(RqliteConfigFiles.BACKUP, "/none.json")))
        .withMessageStartingWith(
            "liferaft.backup.rqlite-config=/none.json is refused: it cannot be");
  }

  @Test
  void refusesAFileThatContradictsASetting() throws IOException {
    String restore = file("r.json", "{\"type\":\"file\",\"sub\":{\"dir\":\"/r\",\"name\":\"x\"}}");

    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            environment(
                Map.of(RqliteConfigFiles.RESTORE, restore, "liferaft.restore.source", "file:/o")))
        .withMessageContaining("it says liferaft.restore.source, and so does another setting");
  }

  @Test
  void refusesTwoStores() throws IOException {
    String backup = file("b.json", S3.replace("$KEY", "k").replace("${SECRET}", "s"));
    String restore =
        file(
            "r.json",
            "{\"type\":\"s3\",\"sub\":{\"bucket\":\"b\",\"path\":\"p\",\"region\":\"r\"}}");

    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            environment(
                Map.of(RqliteConfigFiles.BACKUP, backup, RqliteConfigFiles.RESTORE, restore)))
        .withMessageContaining("must be those of liferaft.backup.rqlite-config");
  }

  @Test
  void springFindsIt() {
    assertThat(
            SpringFactoriesLoader.forDefaultResourceLocation()
                .load(
                    EnvironmentPostProcessor.class,
                    SpringFactoriesLoader.ArgumentResolver.of(
                        DeferredLogFactory.class, log -> log.get())))
        .hasAtLeastOneElementOfType(RqliteConfigFiles.class);
  }
}
