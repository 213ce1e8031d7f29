package io.liferaft.security;

import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/** Names in certificates. */
public final class CertificateNames {

  private CertificateNames() {}

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
