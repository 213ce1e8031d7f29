package io.liferaft.security;

import java.util.Arrays;
import javax.net.ssl.X509ExtendedTrustManager;
import org.springframework.boot.ssl.SslBundle;

/** Whose certificates an SSL bundle trusts. */
public final class Authorities {

  private Authorities() {}

  /** The bundle's, or the JDK's where it names none. */
  public static X509ExtendedTrustManager of(SslBundle bundle) {
    return Arrays.stream(bundle.getManagers().getTrustManagers())
        .filter(X509ExtendedTrustManager.class::isInstance)
        .map(X509ExtendedTrustManager.class::cast)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("the JDK has no trust manager for X.509"));
  }
}
