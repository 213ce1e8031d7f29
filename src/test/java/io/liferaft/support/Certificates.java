package io.liferaft.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A certificate authority, its certificates made by the JDK's keytool. */
public final class Certificates {

  private static final String PASSWORD = "changeit";
  private static final String AUTHORITY = "authority";

  private final Path folder;
  private final Path store;

  /** An authority that nobody else trusts. */
  public Certificates(Path folder) {
    this.folder = folder;
    this.store = folder.resolve("certificates.p12");
    keytool(AUTHORITY, "CN=authority of " + folder.getFileName(), "-ext", "bc:critical");
  }

  /**
   * Somebody with a certificate.
   *
   * @param certificate file in PEM format
   * @param key file in PEM format
   */
  public record Identity(Path certificate, Path key, X509Certificate x509, KeyManager[] managers) {

    /** Puts this one's files in place of another's, each at once. */
    public void replace(Identity other) {
      replaceCertificate(other);
      move(key, other.key);
    }

    public void replaceCertificate(Identity other) {
      move(certificate, other.certificate);
    }

    private static void move(Path from, Path to) {
      try {
        Path copy = Files.copy(from, to.resolveSibling(to.getFileName() + ".new"));
        Path _ = Files.move(copy, to, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Issues a certificate for 127.0.0.1 and localhost.
   *
   * @param name of the files
   */
  public Identity issue(String name, String commonName) {
    return issue(name, commonName, "ip:127.0.0.1,dns:localhost");
  }

  /**
   * Issues a certificate.
   *
   * @param names as keytool spells alternative names
   */
  public Identity issue(String name, String commonName, String names) {
    keytool(name, "CN=" + commonName, "-signer", AUTHORITY, "-ext", "san=" + names);
    try {
      KeyStore keys = keys();
      Key key = keys.getKey(name, PASSWORD.toCharArray());
      Certificate[] chain = keys.getCertificateChain(name);
      Path certificate = write(name + ".crt", "CERTIFICATE", chain[0].getEncoded());
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      own.setKeyEntry(name, key, PASSWORD.toCharArray(), chain);
      KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
      factory.init(own, PASSWORD.toCharArray());
      return new Identity(
          certificate,
          write(name + ".key", "PRIVATE KEY", key.getEncoded()),
          (X509Certificate) chain[0],
          factory.getKeyManagers());
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The authority's certificate, in PEM format. */
  public Path authority() {
    try {
      return write("authority.crt", "CERTIFICATE", keys().getCertificate(AUTHORITY).getEncoded());
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** For a client that trusts this authority, with a certificate or none. */
  public SSLContext client(@Nullable Identity identity) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry(AUTHORITY, keys().getCertificate(AUTHORITY));
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identity == null ? new KeyManager[0] : identity.managers(),
          factory.getTrustManagers(),
          null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private KeyStore keys() throws GeneralSecurityException, IOException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private Path write(String name, String type, byte[] der) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return Files.writeString(
        folder.resolve(name),
        "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, text, type));
  }

  private void keytool(String alias, String subject, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1",
                "-genkeypair",
                "-keyalg",
                "EC",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD,
                "-alias",
                alias,
                "-dname",
                subject));
    command.addAll(List.of(more));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException("keytool: " + output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
