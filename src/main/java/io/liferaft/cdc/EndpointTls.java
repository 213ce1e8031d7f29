package io.liferaft.cdc;

import io.liferaft.security.Authorities;
import io.liferaft.security.CertificateNames;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** Whether the endpoint's certificate is good, as the configuration says. */
final class EndpointTls extends X509ExtendedTrustManager {

  private final CdcConfig.Tls settings;
  private final X509ExtendedTrustManager authorities;

  private EndpointTls(CdcConfig.Tls settings, X509ExtendedTrustManager authorities) {
    this.settings = settings;
    this.authorities = authorities;
  }

  /**
   * As the settings say.
   *
   * @throws IllegalArgumentException when a file holds nothing of the kind
   */
  static SSLContext context(CdcConfig.Tls settings) {
    try {
      PemSslStoreDetails own =
          settings.certFile().isEmpty()
              ? null
              : PemSslStoreDetails.forCertificate("file:" + settings.certFile())
                  .withPrivateKey("file:" + settings.keyFile());
      PemSslStoreDetails others =
          settings.caCertFile().isEmpty()
              ? null
              : PemSslStoreDetails.forCertificate("file:" + settings.caCertFile());
      SslBundle bundle = SslBundle.of(new PemSslStoreBundle(own, others));
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          bundle.getManagers().getKeyManagers(),
          new TrustManager[] {new EndpointTls(settings, Authorities.of(bundle))},
          null);
      return context;
    } catch (GeneralSecurityException | IllegalStateException e) {
      throw new IllegalArgumentException(
          "liferaft.cdc.config has a tls that cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    if (settings.insecureSkipVerify()) {
      return;
    }
    String name = settings.serverName();
    if (name.isEmpty()) {
      authorities.checkServerTrusted(chain, authType, engine);
      return;
    }
    authorities.checkServerTrusted(chain, authType);
    if (!CertificateNames.isFor(chain[0], name)) {
      throw new CertificateException("it is not for " + name);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("only engines are used");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("only engines are used");
  }

  @Override
  public void checkClientTrusted(
      X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("nobody connects to a client");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
      throws CertificateException {
    throw new CertificateException("nobody connects to a client");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("nobody connects to a client");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authorities.getAcceptedIssuers();
  }
}
