package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.security.Credentials;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class BasicHeaderTests {

  static String basic(String text) {
    return "Basic " + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsNameAndPassword() {
    assertThat(BasicHeader.parse(basic("bob:secret1")))
        .isEqualTo(new Credentials("bob", "secret1"));
    assertThat(BasicHeader.parse("bAsIC Ym9iOnNlY3JldDE="))
        .isEqualTo(new Credentials("bob", "secret1"));
    assertThat(BasicHeader.parse(basic("bob:a:b:"))).isEqualTo(new Credentials("bob", "a:b:"));
    assertThat(BasicHeader.parse(basic("bob:"))).isEqualTo(new Credentials("bob", ""));
    assertThat(BasicHeader.parse(basic("jürgen:пароль")))
        .isEqualTo(new Credentials("jürgen", "пароль"));
    assertThat(BasicHeader.parse(basic(":secret"))).isEqualTo(new Credentials("", "secret"));
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "Basic",
        "Basic ",
        "Basic  Ym9iOnNlY3JldDE=",
        "Basic Ym9iOnNlY3JldDE",
        "Basic Ym9iOnNlY3JldDE= x",
        "Basic Ym9iOnNlY3JldDE=!",
        "Basic Ym9i",
        "Basic ÿÿÿÿ",
        "Basic /////w==",
        "Basic Ym9i_nNl",
        "Bearer Ym9iOnNlY3JldDE=",
        "Digest username=\"bob\"",
        "bob:secret1",
        "Ym9iOnNlY3JldDE="
      })
  void takesAMalformedHeaderForNone(String header) {
    assertThat(BasicHeader.parse(header)).isEqualTo(Credentials.ANONYMOUS);
  }
}
