package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.liferaft.raft.ClusterProperties.Tls;
import io.liferaft.support.Certificates;
import io.liferaft.support.Certificates.Identity;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.ssl.PemSslBundleProperties;
import org.springframework.boot.autoconfigure.ssl.PropertiesSslBundle;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;

/** Nodes that talk TLS, and strangers that do not get in. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("PeerTlsTests")
class PeerTlsTests {

  private static final Duration ASK = Duration.ofSeconds(10);
  private static final Tls MUTUAL = new Tls("node", true, true, "", "");

  private final ListAppender<ILoggingEvent> said = new ListAppender<>();
  private Certificates authority;
  private Certificates strangers;
  private Identity node;
  private Identity stranger;
  private Path folder;

  @BeforeAll
  void issue(@TempDir Path here, @TempDir Path elsewhere) {
    authority = new Certificates(here);
    strangers = new Certificates(elsewhere);
    node = authority.issue("node", "node", "ip:127.0.0.1,dns:node.example.org");
    stranger = strangers.issue("stranger", "node");
  }

  @BeforeEach
  void listen(@TempDir Path own) {
    folder = own;
    said.list.clear();
    said.start();
    ((Logger) LoggerFactory.getLogger("io.liferaft.raft")).addAppender(said);
  }

  @AfterEach
  void listenNoMore() {
    ((Logger) LoggerFactory.getLogger("io.liferaft.raft")).detachAppender(said);
  }

  private List<String> warnings(String part) {
    return List.copyOf(said.list).stream()
        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .map(ILoggingEvent::getFormattedMessage)
        .filter(message -> message.contains(part))
        .toList();
  }

  private static SslBundle bundle(Identity identity, Certificates trusted) {
    PemSslBundleProperties properties = new PemSslBundleProperties();
    properties.getKeystore().setCertificate(identity.certificate().toString());
    properties.getKeystore().setPrivateKey(identity.key().toString());
    properties.getTruststore().setCertificate(trusted.authority().toString());
    return PropertiesSslBundle.get(properties);
  }

  private static PeerTls tls(Tls settings, Identity identity, Certificates trusted) {
    return PeerTls.of(settings, new DefaultSslBundleRegistry("node", bundle(identity, trusted)));
  }

  private PeerTls member(Tls settings) {
    return tls(settings, node, authority);
  }

  private TestCluster three(Tls settings) {
    TestCluster cluster = TestCluster.of(folder, 3);
    cluster.nodes().forEach(each -> each.withTls(member(settings)));
    return cluster.startAll();
  }

  @Test
  void nodesReplicateForwardAndCopyOverMutualTls() {
    try (TestCluster cluster = three(MUTUAL)) {
      TestCluster.Node follower = cluster.follower();
      assertThat(follower.execute("CREATE TABLE t (x)").error()).isNull();
      assertThat(follower.execute("INSERT INTO t VALUES (7)").error()).isNull();
      assertThat(follower.read(ReadLevel.LINEARIZABLE, "SELECT x FROM t")).isEqualTo("7");

      follower.stop();
      follower.wipe();
      follower.start();
      cluster.awaitServing();

      cluster.assertEqualContents();
      assertThat(warnings("TLS")).isEmpty();
    }
  }

  @Test
  void theRaftPortTakesNobodyWithoutTlsOrCertificate() throws IOException {
    try (TestCluster cluster = three(MUTUAL);
        Peers plain = new Peers(PeerTls.none());
        Peers other = new Peers(tls(MUTUAL, stranger, authority))) {
      String address = cluster.node(1).address();

      assertThat(plain.who(address, ASK).standing()).isEqualTo(PeerAnswer.Standing.UNREACHABLE);
      PeerAnswer refused = other.who(address, ASK);
      assertThat(refused.standing()).isEqualTo(PeerAnswer.Standing.UNREACHABLE);
      assertThat(refused.problem()).contains("does not accept this node's TLS certificate");
      assertThatThrownBy(() -> presented(address, null)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aNodeOfAnotherAuthorityDoesNotGetIn() {
    try (TestCluster cluster = three(MUTUAL)) {
      TestCluster.Node outsider = cluster.follower();
      outsider.stop();
      outsider.wipe();
      outsider.withTls(tls(MUTUAL, stranger, strangers)).start();

      outsider.awaitProblem("its TLS certificate is not accepted here: ");
      String problem = String.valueOf(outsider.raft().status().problem());
      assertThat(problem).startsWith("waiting for n");
      // Each of both members, once, however often they are asked.
      Waiting.await("some rounds of asking")
          .until(() -> warnings("The TLS certificate of the node at ").size() >= 2);
      Waiting.await("more of them").during(Duration.ofSeconds(2)).until(() -> true);
      assertThat(warnings("The TLS certificate of the node at ")).hasSizeLessThanOrEqualTo(6);
      assertThat(outsider.raft().status().members()).isEmpty();
    }
  }

  /** It takes the others for granted, but they know that it is none of them. */
  @Test
  void aNodeThatTrustsEverybodyIsRefusedAllTheSame() {
    try (TestCluster cluster = three(MUTUAL)) {
      TestCluster.Node outsider = cluster.follower();
      outsider.stop();
      outsider.wipe();
      outsider.withTls(tls(new Tls("node", false, false, "", ""), stranger, strangers)).start();

      outsider.awaitProblem("does not accept this node's TLS certificate");
      Waiting.await("a member says so")
          .until(() -> !warnings("A node that calls is refused").isEmpty());
      // Both members are in this JVM.
      assertThat(warnings("A node that calls is refused")).hasSizeLessThanOrEqualTo(2);
    }
  }

  @Test
  void checksTheServersName() {
    Identity elsewhere = authority.issue("elsewhere", "elsewhere", "dns:other.example.org");
    try (TestCluster cluster = three(new Tls("node", true, false, "node.example.org", ""));
        Peers right = new Peers(member(new Tls("node", true, false, "NODE.example.org", "")));
        Peers wrong = new Peers(member(new Tls("node", true, false, "other.example.org", "")));
        Peers byHost = new Peers(tls(MUTUAL, node, authority))) {
      String address = cluster.node(1).address();

      assertThat(right.who(address, ASK).id()).isEqualTo("n1");
      assertThat(byHost.who(address, ASK).id()).isEqualTo("n1");
      assertThat(wrong.who(address, ASK).problem())
          .contains("it is not for liferaft.raft.tls.verify-server-name=other.example.org");

      TestCluster.Node moved = cluster.follower();
      moved.stop();
      moved.withTls(tls(MUTUAL, elsewhere, authority)).start();
      Waiting.await("it is not the host it is called at")
          .until(
              () -> String.valueOf(byHost.who(moved.address(), ASK).problem()),
              said ->
                  said.contains("its TLS certificate is not accepted here: ")
                      && said.contains("127.0.0.1"));
    }
  }

  @Test
  void checksTheCommonNameOfWhoCalls() {
    Tls named = new Tls("node", true, true, "", "node");
    Identity other = authority.issue("other", "other");
    try (TestCluster cluster = three(named);
        Peers wrong = new Peers(tls(named, other, authority))) {
      assertThat(wrong.who(cluster.node(1).address(), ASK).problem())
          .contains("does not accept this node's TLS certificate");
      assertThat(warnings("its common name is not liferaft.raft.tls.verify-common-name=node"))
          .hasSize(1);
    }
  }

  @Test
  void takesNewFilesWhileItRuns() throws IOException {
    Identity renewed = authority.issue("renewed", "renewed");
    DefaultSslBundleRegistry bundles =
        new DefaultSslBundleRegistry("node", bundle(node, authority));
    try (TestCluster cluster = TestCluster.of(folder, 1)) {
      TestCluster.Node only = cluster.node(1).withTls(PeerTls.of(MUTUAL, bundles));
      cluster.startAll();
      assertThat(presented(only.address(), node)).isEqualTo(node.x509());

      bundles.updateBundle("node", bundle(renewed, authority));
      assertThat(presented(only.address(), node)).isEqualTo(renewed.x509());

      bundles.updateBundle("node", bundle(renewed, strangers));
      assertThatThrownBy(() -> presented(only.address(), node)).isInstanceOf(IOException.class);
      assertThat(presented(only.address(), stranger)).isEqualTo(renewed.x509());
    }
  }

  /** What a node shows, once it has accepted what it is shown. */
  private Certificate presented(String address, @Nullable Identity identity) throws IOException {
    HostPort target = HostPort.parse(address);
    try (SSLSocket socket =
        (SSLSocket)
            authority
                .client(identity)
                .getSocketFactory()
                .createSocket(target.host(), target.port())) {
      javax.net.ssl.SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(10_000);
      socket.startHandshake();
      // The node's first frame comes after its check.
      if (socket.getInputStream().read() < 0) {
        throw new SSLHandshakeException("refused");
      }
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void allNodesOrNone() {
    try (TestCluster cluster = TestCluster.serving(folder, 1);
        Peers tls = new Peers(member(MUTUAL))) {
      assertThat(tls.who(cluster.node(1).address(), ASK).problem())
          .contains("it answers without TLS: all nodes have liferaft.raft.tls.bundle, or none");
    }
  }

  @Test
  void refusesToVerifyWithoutTls() {
    for (Tls settings :
        List.of(new Tls("", true, true, "", ""), new Tls("", true, false, "n", ""))) {
      assertThatThrownBy(() -> PeerTls.of(settings, new DefaultSslBundleRegistry()))
          .isInstanceOfSatisfying(
              InvalidConfigurationPropertyValueException.class,
              refusal -> {
                assertThat(refusal.getName()).isEqualTo("liferaft.raft.tls.bundle");
                assertThat(refusal.getReason()).contains("for example node");
              });
    }
  }

  @Test
  void refusesABundleWithoutAKey() {
    PemSslBundleProperties empty = new PemSslBundleProperties();
    empty.getTruststore().setCertificate(authority.authority().toString());

    assertThatThrownBy(() ->
            PeerTls.of(
                MUTUAL, new DefaultSslBundleRegistry("node", PropertiesSslBundle.get(empty))))
        .isInstanceOf(InvalidConfigurationPropertyValueException.class)
        .hasMessageContaining("liferaft.raft.tls.bundle");
  }
}
