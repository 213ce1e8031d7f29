package io.liferaft.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AccessControlTests {

  private static final KeyedPasswordEncoder ENCODER = new KeyedPasswordEncoder();

  private static final AccessControl ACCESS =
      AccessControl.of(
          Map.of(
              "bob", user("bob", "secret1", Permission.ALL),
              "mary", user("mary", "sécret2", Permission.QUERY, Permission.BACKUP),
              "void", user("void", "", Permission.LOAD)),
          Set.of(Permission.STATUS, Permission.READY),
          ENCODER);

  private static FileUser user(String name, String password, Permission... permissions) {
    return new FileUser(name, ENCODER.encode(password), Set.of(permissions));
  }

  static Stream<Arguments> decisions() {
    return Stream.of(
        Arguments.of("bob", "secret1", Set.of(Permission.LEADER_OPS), true),
        Arguments.of("bob", "secret1", Set.of(Permission.QUERY, Permission.EXECUTE), true),
        Arguments.of("bob", "secret", Set.of(Permission.QUERY), false),
        Arguments.of("bob", "secret11", Set.of(Permission.QUERY), false),
        Arguments.of("bob", "", Set.of(Permission.QUERY), false),
        Arguments.of("Bob", "secret1", Set.of(Permission.QUERY), false),
        Arguments.of("mary", "sécret2", Set.of(Permission.QUERY), true),
        Arguments.of("mary", "sécret2", Set.of(Permission.EXECUTE), false),
        Arguments.of("mary", "sécret2", Set.of(Permission.QUERY, Permission.EXECUTE), false),
        Arguments.of("mary", "sécret2", Set.of(Permission.QUERY, Permission.STATUS), true),
        Arguments.of("mary", "secret1", Set.of(Permission.QUERY), false),
        // What everyone may is not taken away by a wrong password.
        Arguments.of("mary", "wrong", Set.of(Permission.STATUS), true),
        Arguments.of("nobody", "wrong", Set.of(Permission.STATUS, Permission.READY), true),
        Arguments.of("", "", Set.of(Permission.READY), true),
        Arguments.of("", "", Set.of(Permission.READY, Permission.QUERY), false),
        Arguments.of("", "secret1", Set.of(Permission.QUERY), false),
        Arguments.of("*", "", Set.of(Permission.STATUS, Permission.QUERY), false),
        Arguments.of("void", "", Set.of(Permission.LOAD), true),
        Arguments.of("void", "x", Set.of(Permission.LOAD), false),
        Arguments.of("nobody", "", Set.of(Permission.QUERY), false));
  }

  @ParameterizedTest
  @MethodSource("decisions")
  void decides(String name, String password, Set<Permission> needed, boolean allowed) {
    assertThat(ACCESS.allows(new Credentials(name, password), needed)).isEqualTo(allowed);
    // Nothing is forgotten or remembered from one check to the next.
    assertThat(ACCESS.allows(new Credentials(name, password), needed)).isEqualTo(allowed);
  }

  @Test
  void whatEveryoneMayCanBeAll() {
    AccessControl open = AccessControl.of(Map.of(), Set.of(Permission.ALL), ENCODER);

    assertThat(open.enabled()).isTrue();
    assertThat(open.allows(Credentials.ANONYMOUS, Set.of(Permission.LOAD))).isTrue();
  }

  @Test
  void aFileWithoutUsersPermitsNothing() {
    AccessControl shut = AccessControl.of(Map.of(), Set.of(), ENCODER);

    assertThat(shut.enabled()).isTrue();
    assertThat(shut.allows(new Credentials("bob", "secret1"), Set.of(Permission.READY))).isFalse();
  }

  @Test
  void countsWhatItAllowsAndRefuses() {
    AccessControl access =
        AccessControl.of(
            Map.of("bob", user("bob", "secret1", Permission.QUERY)), Set.of(), ENCODER);

    boolean first = access.allows(new Credentials("bob", "secret1"), Set.of(Permission.QUERY));
    boolean second = access.allows(new Credentials("bob", "x"), Set.of(Permission.QUERY));
    boolean third = access.allows(Credentials.ANONYMOUS, Set.of(Permission.QUERY));

    assertThat(first || second || third).isTrue();
    assertThat(access.allowedCount()).isEqualTo(1);
    assertThat(access.refusedCount()).isEqualTo(2);
  }

  @Test
  void withoutUsersEverythingIsAllowed() {
    AccessControl open = AccessControl.open();

    assertThat(open.enabled()).isFalse();
    assertThat(open.allows(Credentials.ANONYMOUS, Set.of(Permission.ALL))).isTrue();
  }

  @Test
  void nothingPrintsASecret() {
    FileUser bob = user("bob", "secret1", Permission.ALL);
    Caller caller = new Caller(new Credentials("bob", "secret1"), Set.of(Permission.QUERY));

    assertThat(bob.toString()).doesNotContain(bob.getPassword()).contains("bob");
    assertThat(bob.getPassword()).doesNotContain("secret1");
    assertThat(new KeyedPasswordEncoder().encode("secret1"))
        .as("a dump of one process says nothing about another")
        .isNotEqualTo(bob.getPassword());
    assertThat(caller.toString()).doesNotContain("secret1").doesNotContain("bob");
  }
}
