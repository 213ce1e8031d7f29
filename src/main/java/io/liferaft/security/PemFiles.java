package io.liferaft.security;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ssl.PemSslBundleProperties;
import org.springframework.boot.autoconfigure.ssl.PropertiesSslBundle;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.boot.ssl.pem.PemContent;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.StringUtils;

/**
 * Reads the certificates and keys of SSL bundles once before Spring does, whose failures do not
 * name the setting, and has Spring verify each pair that it reads later, if nothing is said.
 */
final class PemFiles implements EnvironmentPostProcessor {

  private static final String BUNDLES = "spring.ssl.bundle.pem";
  private static final String VERIFY = ".keystore.verify-keys";
  private static final String CERTIFICATE = "file:/etc/liferaft/tls.crt";
  private static final String KEY = "file:/etc/liferaft/tls.key";

  private final ResourceLoader files = ApplicationResourceLoader.get();

  PemFiles() {}

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    Map<String, PemSslBundleProperties> bundles =
        Binder.get(environment)
            .bind(BUNDLES, Bindable.mapOf(String.class, PemSslBundleProperties.class))
            .orElse(Map.of());
    bundles.forEach(this::check);
    // When the files change, half of a new pair must not take the place of a whole one.
    Map<String, Object> verified = new HashMap<>();
    bundles.forEach((name, bundle) -> {
      if (StringUtils.hasText(bundle.getKeystore().getPrivateKey())) {
        verified.put(BUNDLES + "." + name + VERIFY, "true");
      }
    });
    environment.getPropertySources().addLast(new MapPropertySource("verified-keys", verified));
  }

  private void check(String bundle, PemSslBundleProperties properties) {
    String prefix = BUNDLES + "." + bundle + ".";
    checkCertificates(
        prefix + "truststore.certificate", properties.getTruststore().getCertificate());
    PemSslBundleProperties.Store store = properties.getKeystore();
    String certificate = prefix + "keystore.certificate";
    String key = prefix + "keystore.private-key";
    boolean certified = StringUtils.hasText(store.getCertificate());
    boolean keyed = StringUtils.hasText(store.getPrivateKey());
    if (certified != keyed) {
      throw refused(
          certified ? key : certificate,
          "",
          "a certificate and its private key are set both, or neither",
          certified ? KEY : CERTIFICATE,
          null);
    }
    checkCertificates(certificate, store.getCertificate());
    checkKey(key, store.getPrivateKey(), store.getPrivateKeyPassword());
    if (keyed) {
      store.setVerifyKeys(true);
      try {
        var _ = PropertiesSslBundle.get(properties, files).getStores().getKeyStore();
      } catch (IllegalStateException e) {
        throw refused(
            key,
            store.getPrivateKey(),
            "it does not go with the certificate in " + shown(store.getCertificate()),
            "the key that the certificate was made for",
            e);
      }
    }
  }

  private void checkCertificates(String property, @Nullable String value) {
    if (StringUtils.hasText(value)) {
      try {
        var _ = content(property, value, CERTIFICATE).getCertificates();
      } catch (IllegalStateException e) {
        throw refused(property, value, "it holds no certificate in PEM format", CERTIFICATE, e);
      }
    }
  }

  private void checkKey(String property, @Nullable String value, @Nullable String password) {
    if (StringUtils.hasText(value)) {
      try {
        if (content(property, value, KEY).getPrivateKey(password) == null) {
          throw refused(property, value, "it holds no private key in PEM format", KEY, null);
        }
      } catch (IllegalStateException e) {
        throw refused(
            property, value, "it holds no private key in PEM format, or another password", KEY, e);
      }
    }
  }

  private PemContent content(String property, String value, String example) {
    if (PemContent.isPresentInText(value)) {
      return PemContent.of(value);
    }
    try (InputStream in = files.getResource(value).getInputStream()) {
      return PemContent.load(in);
    } catch (IOException e) {
      throw refused(property, value, "it cannot be read: " + e.getMessage(), example, e);
    }
  }

  private static IllegalArgumentException refused(
      String property, @Nullable String value, String reason, String valid, @Nullable Exception e) {
    return new IllegalArgumentException(
        "%s=%s is refused: %s; valid is, for example, %s"
            .formatted(property, shown(value), reason, valid),
        e);
  }

  /** Never the text of a key. */
  private static String shown(@Nullable String value) {
    return value == null ? "" : PemContent.isPresentInText(value) ? "(PEM text)" : value;
  }
}
