package io.liferaft.security;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/** Names in certificates. */
public final class CertificateNames {

  private CertificateNames() {}

  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  /**
   * Whether a certificate is for a host, by its alternative names only (RFC 9525): no common name
   * counts, and a wild card stands for one whole first label.
   *
   * @param host a name or an IP address
   */
  public static boolean isFor(X509Certificate certificate, String host) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names != null
          && names.stream()
              .anyMatch(name ->
                  name.size() > 1
                      && switch (name.get(0)) {
                        case Integer type when type == DNS_NAME ->
                            matches(String.valueOf(name.get(1)), host);
                        case Integer type when type == IP_ADDRESS -> host.equals(name.get(1));
                        default -> false;
                      });
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  private static boolean matches(String pattern, String host) {
    if (!pattern.startsWith("*.")) {
      return pattern.equalsIgnoreCase(host);
    }
    int dot = host.indexOf('.');
    return dot > 0 && pattern.substring(1).equalsIgnoreCase(host.substring(dot));
  }

  /** The common name of whom a certificate is for, the last one as in Go; empty for none. */
  public static Optional<String> commonName(X509Certificate certificate) {
    try {
      return new LdapName(certificate.getSubjectX500Principal().getName())
          .getRdns().stream()
              .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
              .map(Rdn::getValue)
              .map(String::valueOf)
              .reduce((_, last) -> last);
    } catch (InvalidNameException e) {
      return Optional.empty();
    }
  }
}
