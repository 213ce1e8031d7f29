package io.liferaft.security;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;

/** Decides whether a caller may do something. Safe for use by many threads; never waits. */
public final class AccessControl {

  private final @Nullable AuthenticationManager users;
  private final Set<Permission> everyone;
  private final LongAdder allowed = new LongAdder();
  private final LongAdder refused = new LongAdder();

  private AccessControl(@Nullable AuthenticationManager users, Set<Permission> everyone) {
    this.users = users;
    this.everyone = everyone;
  }

  /** Allows everything: there are no users. */
  public static AccessControl open() {
    return new AccessControl(null, Set.of(Permission.ALL));
  }

  /**
   * Allows what the file does.
   *
   * @param everyone what is allowed without looking at credentials
   */
  static AccessControl of(
      Map<String, FileUser> users, Set<Permission> everyone, KeyedPasswordEncoder encoder) {
    UserDetailsService service =
        name -> {
          FileUser user = users.get(name);
          if (user == null) {
            throw new UsernameNotFoundException("no such user");
          }
          return user;
        };
    DaoAuthenticationProvider provider = new DaoAuthenticationProvider(service);
    provider.setPasswordEncoder(encoder);
    return new AccessControl(new ProviderManager(provider), Set.copyOf(everyone));
  }

  /** Whether there are users at all. */
  public boolean enabled() {
    return users != null;
  }

  /** Whether the caller may do what takes these permissions, all of them; counted. */
  public boolean allows(Credentials caller, Set<Permission> needed) {
    boolean allows = decide(caller, needed);
    (allows ? allowed : refused).increment();
    return allows;
  }

  /** Checks that were passed since the start. */
  public long allowedCount() {
    return allowed.sum();
  }

  /** Checks that were not passed since the start. */
  public long refusedCount() {
    return refused.sum();
  }

  private boolean decide(Credentials caller, Set<Permission> needed) {
    if (everyone.contains(Permission.ALL) || everyone.containsAll(needed)) {
      return true;
    }
    if (users == null || caller.username().isEmpty()) {
      return false;
    }
    Set<Permission> missing = new HashSet<>(needed);
    missing.removeAll(everyone);
    Set<Permission> granted = granted(users, caller);
    return granted.contains(Permission.ALL) || granted.containsAll(missing);
  }

  private static Set<Permission> granted(AuthenticationManager users, Credentials caller) {
    try {
      var asked =
          UsernamePasswordAuthenticationToken.unauthenticated(caller.username(), caller.password());
      return users.authenticate(asked).getPrincipal() instanceof FileUser user
          ? user.permissions()
          : Set.of();
    } catch (AuthenticationException e) {
      return Set.of();
    }
  }
}
