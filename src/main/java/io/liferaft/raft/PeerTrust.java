package io.liferaft.raft;

import io.liferaft.raft.ClusterProperties.Tls;
import io.liferaft.security.CertificateNames;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether another node's certificate is good, as the settings say. Every node shows its own in both
 * directions, so that client certificates can be asked for on one node after the other.
 */
final class PeerTrust extends X509ExtendedTrustManager {

  private static final Logger log = LoggerFactory.getLogger(PeerTrust.class);

  private final Tls settings;
  private final OncePerPeer refusals = new OncePerPeer();
  private volatile X509ExtendedTrustManager authorities;

  PeerTrust(Tls settings, X509ExtendedTrustManager authorities) {
    this.settings = settings;
    this.authorities = authorities;
  }

  /** From the next handshake on. */
  void trust(X509ExtendedTrustManager others) {
    authorities = others;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    if (!settings.verifyServer()) {
      return;
    }
    String peer = engine.getPeerHost() + ":" + engine.getPeerPort();
    String name = settings.verifyServerName();
    try {
      if (name.isEmpty()) {
        authorities.checkServerTrusted(chain, authType, engine);
      } else {
        authorities.checkServerTrusted(chain, authType);
        if (!CertificateNames.isFor(chain[0], name)) {
          throw new CertificateException(
              "it is not for liferaft.raft.tls.verify-server-name=" + name);
        }
      }
      refusals.forget(peer);
    } catch (CertificateException e) {
      String reason = PeerTls.rootMessage(e);
      if (refusals.isNew(peer, reason)) {
        log.warn(
            "The TLS certificate of the node at {} is not accepted ({}): {}",
            peer,
            subject(chain),
            reason);
      }
      throw e;
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    if (!settings.verifyClient()) {
      return;
    }
    try {
      authorities.checkClientTrusted(chain, authType, engine);
      String wanted = settings.verifyCommonName();
      if (!wanted.isEmpty()
          && !CertificateNames.commonName(chain[0]).filter(wanted::equals).isPresent()) {
        throw new CertificateException(
            "its common name is not liferaft.raft.tls.verify-common-name=" + wanted);
      }
    } catch (CertificateException e) {
      String subject = subject(chain);
      String reason = PeerTls.rootMessage(e);
      if (refusals.isNew(subject, reason)) {
        log.warn(
            "A node that calls is refused, its TLS certificate ({}) is not accepted: {}",
            subject,
            reason);
      }
      throw e;
    }
  }

  private static String subject(X509Certificate[] chain) {
    return chain[0].getSubjectX500Principal().getName().replaceAll("\\p{Cntrl}", "?");
  }

  /** None is named, so that a stranger shows what it has, and the log can say whose it is. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw unknownPeer();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw unknownPeer();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw unknownPeer();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw unknownPeer();
  }

  /** Netty has an engine for each connection, which knows the host. */
  private static CertificateException unknownPeer() {
    return new CertificateException("whom the certificate is for cannot be checked");
  }
}
