package io.liferaft.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class AuthFileTests {

  @TempDir Path folder;

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
          .withUserConfiguration(SecurityConfiguration.class);

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("users.json"), text);
  }

  private static boolean may(AccessControl access, String name, String password, Permission... p) {
    return access.allows(new Credentials(name, password), Set.of(p));
  }

  @Test
  void hasDefaults() {
    runner.run(context -> {
      assertThat(context.getBean(SecurityProperties.class))
          .isEqualTo(new SecurityProperties("", ""));
      assertThat(context.getBean(AccessControl.class).enabled()).isFalse();
    });
  }

  @Test
  void takesRqlitesFileAndCounts() throws IOException {
    Path file =
        file(
            """
            [ {"username":"bob","password":"secret1","perms":["all"]},
              {"username":"mary","password":"secret2","perms":["query","backup","join"]},
              {"username":"*","perms":["status","ready","join-read-only"]} ]
            """);

    runner
        .withPropertyValues("liferaft.security.auth-file=" + file)
        .run(context -> {
          AccessControl access = context.getBean(AccessControl.class);
          assertThat(access.enabled()).isTrue();
          assertThat(may(access, "bob", "secret1", Permission.REMOVE)).isTrue();
          assertThat(may(access, "mary", "secret2", Permission.QUERY, Permission.JOIN)).isTrue();
          assertThat(may(access, "mary", "secret2", Permission.EXECUTE)).isFalse();
          assertThat(may(access, "", "", Permission.JOIN_READ_ONLY)).isTrue();
          MeterRegistry meters = context.getBean(MeterRegistry.class);
          assertThat(checks(meters, "allowed")).isEqualTo(3);
          assertThat(checks(meters, "refused")).isEqualTo(1);
        });
  }

  private static double checks(MeterRegistry meters, String result) {
    return meters.get("liferaft.security.checks").tag("result", result).functionCounter().count();
  }

  @Test
  void ignoresWhatRqliteIgnores() throws IOException {
    AccessControl access =
        AuthFile.read(
            file("[{\"Username\":\"bob\",\"PASSWORD\":\"p\",\"Perms\":[\"query\",\"fly\",\"ALL\"],"
                    + "\"note\":1}, {\"username\":\"eve\",\"password\":\"\",\"perms\":null}]")
                .toString());

    assertThat(may(access, "bob", "p", Permission.QUERY)).isTrue();
    assertThat(may(access, "bob", "p", Permission.EXECUTE)).isFalse();
    assertThat(may(access, "eve", "", Permission.QUERY)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|it is not an array of users",
        "{}|it is not an array of users",
        "\"hunter2\"|it is not an array of users",
        "hunter2|it is not JSON at line 1, column",
        "[{\"username\":\"bob\",\"password\":hunter2}]|it is not JSON at line 1, column",
        "[{\"username\":\"bob\",\"password\":\"hunter2|it is not JSON at line 1, column",
        "[] hunter2|it is not JSON at line 1, column",
        "[\"hunter2\"]|entry 1 is not an object",
        "[{\"password\":\"hunter2\"}]|entry 1 has no username",
        "[{\"username\":\"\",\"password\":\"hunter2\"}]|entry 1 has no username",
        "[{\"username\":7,\"password\":\"hunter2\"}]|entry 1 has no username",
        "[{\"username\":\"bob\"}]|user 'bob' has no password",
        "[{\"username\":\"bob\",\"password\":4711081547110815}]|user 'bob' has no password",
        "[{\"username\":\"bob\",\"password\":\"hunter2\",\"perms\":\"all\"}]|perms of user 'bob' are not",
        "[{\"username\":\"bob\",\"password\":\"hunter2\",\"perms\":[1]}]|perms of user 'bob' are not",
        "[{\"username\":\"bob\",\"password\":\"hunter2\"},{\"username\":\"bob\",\"password\":\"x\"}]|user 'bob' is there twice",
        "[{\"username\":\"*\"},{\"username\":\"*\",\"perms\":[\"all\"]}]|user '*' is there twice",
      })
  void stopsTheStartInOneSentenceWithoutSecrets(String text, String why) throws IOException {
    Path file = file(text);

    Throwable refusal = catchThrowable(() -> AuthFile.read(file.toString()));

    assertThat(refusal)
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageStartingWith("liferaft.security.auth-file=" + file + " is refused: " + why);
    assertThat(refusal.getMessage()).doesNotContain("hunter2", "4711081547110815", "\n");
    runner
        .withPropertyValues("liferaft.security.auth-file=" + file)
        .run(context -> assertThat(context).getFailure().hasRootCauseMessage(refusal.getMessage()));
  }

  @Test
  void namesAFileThatIsNotThereOrNoFile() {
    assertThat(catchThrowable(() -> AuthFile.read(folder.resolve("nope").toString())))
        .hasMessage(
            "liferaft.security.auth-file=%s is refused: there is no such file"
                .formatted(folder.resolve("nope")));
    assertThat(catchThrowable(() -> AuthFile.read("a\0b")))
        .hasMessageEndingWith("is refused: there is no such file");
    assertThat(catchThrowable(() -> AuthFile.read(folder.toString())))
        .hasMessageStartingWith(
            "liferaft.security.auth-file=%s is refused: the file cannot be read: "
                .formatted(folder));
  }
}
