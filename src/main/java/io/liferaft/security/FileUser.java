package io.liferaft.security;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.userdetails.UserDetails;

/**
 * A user of the file.
 *
 * @param encodedPassword by {@link KeyedPasswordEncoder}
 */
record FileUser(String username, String encodedPassword, Set<Permission> permissions)
    implements UserDetails {

  FileUser {
    permissions = Set.copyOf(permissions);
  }

  @Override
  public String getUsername() {
    return username;
  }

  @Override
  public String getPassword() {
    return encodedPassword;
  }

  @Override
  public Collection<? extends GrantedAuthority> getAuthorities() {
    return permissions.stream().map(p -> new SimpleGrantedAuthority(p.text())).toList();
  }

  @Override
  public String toString() {
    return "FileUser[%s, %s]".formatted(username, List.copyOf(permissions));
  }
}
