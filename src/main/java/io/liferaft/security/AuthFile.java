package io.liferaft.security;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads rqlite's file of users. What is wrong with it is told by position and name, without the
 * parser's own text and cause: those quote what they stumble over, which may be a password.
 */
final class AuthFile {

  private static final Logger log = LoggerFactory.getLogger(AuthFile.class);

  private static final String EVERYONE = "*";
  private static final String VALID =
      ": a valid file is [{\"username\":\"bob\",\"password\":\"secret\",\"perms\":[\"all\"]}]";
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final String name;
  private final KeyedPasswordEncoder encoder = new KeyedPasswordEncoder();
  private final Map<String, FileUser> users = new HashMap<>();
  private final Set<String> unknown = new TreeSet<>();
  private @Nullable Set<Permission> everyone;

  private AuthFile(String name) {
    this.name = name;
  }

  /**
   * The check by a file's users.
   *
   * @throws IllegalArgumentException in a sentence for the operator, without secrets
   */
  static AccessControl read(String name) {
    AuthFile file = new AuthFile(name);
    file.take(file.parsed(file.bytes()));
    if (!file.unknown.isEmpty()) {
      log.warn(
          "{}={} names permissions that do not exist and are ignored: {}",
          SecurityProperties.AUTH_FILE,
          name,
          file.unknown);
    }
    Set<Permission> everyone = file.everyone == null ? Set.of() : file.everyone;
    log.info(
        "{} users may do what {} permits them, everyone else {}",
        file.users.size(),
        name,
        everyone.isEmpty() ? "nothing" : everyone.stream().map(Permission::text).sorted().toList());
    return AccessControl.of(file.users, everyone, file.encoder);
  }

  /**
   * What one of the users logs in with.
   *
   * @throws IllegalArgumentException when there is no such user
   */
  static Credentials credentials(String name, String username) {
    AuthFile file = new AuthFile(name);
    for (JsonNode entry : file.parsed(file.bytes())) {
      JsonNode user = field(entry, "username");
      JsonNode password = field(entry, "password");
      if (user != null
          && user.isString()
          && user.stringValue().equals(username)
          && password != null
          && password.isString()) {
        return new Credentials(username, password.stringValue());
      }
    }
    throw new IllegalArgumentException(
        "%s=%s is refused: %s has no such user with a password, for example the one that may join"
            .formatted(SecurityProperties.JOIN_AS, username, name));
  }

  private byte[] bytes() {
    try {
      return Files.readAllBytes(Path.of(name));
    } catch (NoSuchFileException | InvalidPathException e) {
      throw refused("there is no such file");
    } catch (AccessDeniedException e) {
      throw refused("this process may not read the file");
    } catch (IOException e) {
      throw refused("the file cannot be read: " + e.getMessage());
    }
  }

  private JsonNode parsed(byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (JacksonException e) {
      TokenStreamLocation at = e.getLocation();
      throw refused(
          (at == null
                  ? "it is not JSON"
                  : "it is not JSON at line %d, column %d"
                      .formatted(at.getLineNr(), at.getColumnNr()))
              + VALID);
    }
  }

  private void take(JsonNode root) {
    if (!root.isArray()) {
      throw refused("it is not an array of users" + VALID);
    }
    int number = 0;
    for (JsonNode entry : root) {
      number++;
      if (!entry.isObject()) {
        throw refused("entry %d is not an object%s".formatted(number, VALID));
      }
      JsonNode username = field(entry, "username");
      if (username == null || !username.isString() || username.stringValue().isEmpty()) {
        throw refused("entry %d has no username%s".formatted(number, VALID));
      }
      user(username.stringValue(), entry);
    }
  }

  private void user(String username, JsonNode entry) {
    boolean taken = username.equals(EVERYONE) ? everyone != null : users.containsKey(username);
    if (taken) {
      throw refused("user '%s' is there twice, once is valid".formatted(username));
    }
    Set<Permission> permissions = permissions(username, field(entry, "perms"));
    if (username.equals(EVERYONE)) {
      everyone = permissions;
      return;
    }
    JsonNode password = field(entry, "password");
    if (password == null || !password.isString()) {
      throw refused("user '%s' has no password that is a string%s".formatted(username, VALID));
    }
    users.put(
        username, new FileUser(username, encoder.encode(password.stringValue()), permissions));
  }

  private Set<Permission> permissions(String username, @Nullable JsonNode perms) {
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    if (perms == null || perms.isNull()) {
      return permissions;
    }
    if (!perms.isArray()) {
      throw refused("perms of user '%s' are not an array of strings%s".formatted(username, VALID));
    }
    for (JsonNode perm : perms) {
      if (!perm.isString()) {
        throw refused(
            "perms of user '%s' are not an array of strings%s".formatted(username, VALID));
      }
      Permission.of(perm.stringValue())
          .ifPresentOrElse(permissions::add, () -> unknown.add(perm.stringValue()));
    }
    return permissions;
  }

  /** A field whose name is spelled so or, as for rqlite, in other cases. */
  private static @Nullable JsonNode field(JsonNode entry, String name) {
    JsonNode exact = entry.get(name);
    if (exact != null) {
      return exact;
    }
    for (Map.Entry<String, JsonNode> property : entry.properties()) {
      if (property.getKey().equalsIgnoreCase(name)) {
        return property.getValue();
      }
    }
    return null;
  }

  private IllegalArgumentException refused(String why) {
    return new IllegalArgumentException(
        "%s=%s is refused: %s".formatted(SecurityProperties.AUTH_FILE, name, why));
  }
}
