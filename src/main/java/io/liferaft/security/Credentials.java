package io.liferaft.security;

/**
 * What a caller says who it is.
 *
 * @param username empty for a caller that gave none
 */
public record Credentials(String username, String password) {

  public static final Credentials ANONYMOUS = new Credentials("", "");

  @Override
  public String toString() {
    return username.isEmpty() ? "anonymous" : "Credentials[hidden]";
  }
}
