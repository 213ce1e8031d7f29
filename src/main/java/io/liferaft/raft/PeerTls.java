package io.liferaft.raft;

import io.liferaft.raft.ClusterProperties.Tls;
import io.liferaft.security.Authorities;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.apache.ratis.grpc.GrpcUtil;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509KeyManager;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.NotSslRecordException;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/**
 * TLS of the Raft port, in both directions and for everything on it: what Ratis sends and what
 * {@link PeerRpc} does. New files of the bundle count from the next handshake on.
 */
final class PeerTls {

  private static final Logger log = LoggerFactory.getLogger(PeerTls.class);
  private static final String BUNDLE = "liferaft.raft.tls.bundle";

  private final @Nullable GrpcTlsConfig config;

  private PeerTls(@Nullable GrpcTlsConfig config) {
    this.config = config;
  }

  static PeerTls none() {
    return new PeerTls(null);
  }

  /**
   * Takes what is set.
   *
   * @throws InvalidConfigurationPropertyValueException naming the property, its value and a valid
   *     one
   */
  static PeerTls of(Tls settings, SslBundles bundles) {
    String name = settings.bundle();
    if (!settings.verifyCommonName().isEmpty() && !settings.verifyClient()) {
      throw new InvalidConfigurationPropertyValueException(
          "liferaft.raft.tls.verify-common-name",
          settings.verifyCommonName(),
          "it needs liferaft.raft.tls.verify-client=true; empty is valid without");
    }
    if (name.isEmpty()) {
      if (settings.verifyClient() || !settings.verifyServerName().isEmpty()) {
        throw new InvalidConfigurationPropertyValueException(
            BUNDLE,
            "",
            "nobody can be verified without TLS: it names an SSL bundle, for example node");
      }
      return none();
    }
    SslBundle bundle;
    try {
      bundle = bundles.getBundle(name);
    } catch (NoSuchSslBundleException e) {
      throw new InvalidConfigurationPropertyValueException(
          BUNDLE, name, "there is no spring.ssl.bundle.pem.%s, for example node".formatted(name));
    }
    AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
    show(identity, name, bundle);
    PeerTrust trust = new PeerTrust(settings, Authorities.of(bundle));
    bundles.addBundleUpdateHandler(
        name,
        renewed -> {
          show(identity, name, renewed);
          trust.trust(Authorities.of(renewed));
          log.info("The TLS files of SSL bundle {} have been read again", name);
        });
    log.info(
        "Nodes talk TLS: {} is {}, clients' certificates are {}",
        BUNDLE,
        name,
        settings.verifyClient() ? "verified" : "not verified");
    return new PeerTls(
        GrpcTlsConfig.newBuilder()
            .setName(name)
            .setKeyManager(identity)
            .setTrustManager(trust)
            // Every node shows its certificate; what is verified is PeerTrust's to say.
            .setMutualTls(true)
            // No native code that has to be unpacked, and everywhere the same messages.
            .setSslProvider(SslProvider.JDK)
            .setProtocols("TLSv1.3", "TLSv1.2")
            .build());
  }

  private static void show(AdvancedTlsX509KeyManager identity, String name, SslBundle bundle) {
    try {
      KeyStore store = bundle.getStores().getKeyStore();
      String password = bundle.getKey().getPassword();
      for (String alias : store == null ? List.<String>of() : Collections.list(store.aliases())) {
        char[] secret = password == null ? null : password.toCharArray();
        if (store != null && store.getKey(alias, secret) instanceof PrivateKey key) {
          X509Certificate[] chain =
              Arrays.stream(store.getCertificateChain(alias))
                  .map(X509Certificate.class::cast)
                  .toArray(X509Certificate[]::new);
          identity.updateIdentityCredentials(chain, key);
          return;
        }
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the key of SSL bundle " + name + " cannot be read", e);
    }
    throw new InvalidConfigurationPropertyValueException(
        BUNDLE,
        name,
        "that bundle has no certificate and key: spring.ssl.bundle.pem.%s.keystore.certificate and .private-key, for example file:/etc/liferaft/node.crt and file:/etc/liferaft/node.key"
            .formatted(name));
  }

  /** For Ratis' server and its channels. */
  void configure(Parameters parameters) {
    if (config != null) {
      GrpcConfigKeys.TLS.setConf(parameters, config);
    }
  }

  void configure(NettyChannelBuilder channel) {
    if (config == null) {
      NettyChannelBuilder _ = channel.usePlaintext();
    } else {
      NettyChannelBuilder _ =
          channel.useTransportSecurity().sslContext(GrpcUtil.buildSslContextForClient(config));
    }
  }

  /** In words, when a call came to nothing because of TLS; null for another reason. */
  @Nullable String trouble(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (cause instanceof java.security.cert.CertificateException) {
        return "its TLS certificate is not accepted here: " + rootMessage(cause);
      }
      if (cause instanceof NotSslRecordException) {
        return "it answers without TLS: all nodes have liferaft.raft.tls.bundle, or none";
      }
      if (message.contains("Received fatal alert")) {
        return "it does not accept this node's TLS certificate: " + message;
      }
    }
    return null;
  }

  static String rootMessage(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }
}
