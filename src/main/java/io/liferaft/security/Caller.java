package io.liferaft.security;

import java.util.Optional;
import java.util.Set;

/**
 * On whose behalf a thread works, so that a request which goes on to another node is checked there,
 * too. What a node does of its own accord has no caller.
 *
 * @param needed the permissions that the request takes, all of them
 */
public record Caller(Credentials credentials, Set<Permission> needed) {

  private static final ScopedValue<Caller> CURRENT = ScopedValue.newInstance();

  /** Work that may fail. */
  public interface Work<X extends Exception> {
    void run() throws X;
  }

  public Caller {
    needed = Set.copyOf(needed);
  }

  /** The caller this thread works for; empty when it works for this node. */
  public static Optional<Caller> current() {
    return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
  }

  /** Does something on the caller's behalf, on this thread. */
  public <X extends Exception> void run(Work<X> work) throws X {
    ScopedValue.CallableOp<Boolean, X> done =
        () -> {
          work.run();
          return true;
        };
    Boolean _ = ScopedValue.where(CURRENT, this).call(done);
  }
}
