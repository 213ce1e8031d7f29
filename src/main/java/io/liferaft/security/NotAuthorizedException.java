package io.liferaft.security;

/** The caller may not do this: 401. Nothing was done. */
public final class NotAuthorizedException extends RuntimeException {

  public NotAuthorizedException() {
    super("not authorized");
  }
}
