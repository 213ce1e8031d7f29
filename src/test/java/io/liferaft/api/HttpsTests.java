package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.cli.CommandLine;
import io.liferaft.raft.NodeProbe;
import io.liferaft.support.Certificates;
import io.liferaft.support.Certificates.Identity;
import io.liferaft.support.TestRaftNode;
import io.liferaft.support.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** HTTPS, switched on by rqlited's flags. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpsTests {

  private static final String JSON = "application/json; charset=utf-8";

  private Certificates authority;
  private Certificates strangers;
  private Identity node;
  private Path folder;

  @BeforeAll
  void issue(@TempDir Path here, @TempDir Path elsewhere) {
    authority = new Certificates(here);
    strangers = new Certificates(elsewhere);
    node = authority.issue("node", "node");
  }

  @BeforeEach
  void folder(@TempDir Path own) {
    folder = own;
  }

  private ApiServer server(Identity identity, String... flags) {
    List<String> words = new ArrayList<>();
    words.addAll(List.of("-http-cert", identity.certificate().toString()));
    words.addAll(List.of("-http-key", identity.key().toString()));
    words.addAll(Arrays.asList(flags));
    List<String> arguments = new ArrayList<>();
    arguments.add("--spring.ssl.bundle.watch.file.quiet-period=50ms");
    arguments.addAll(((CommandLine.Start) CommandLine.read(words, "")).arguments());
    return new ApiServer(folder, arguments.toArray(String[]::new));
  }

  private static HttpClient client(Certificates trusted, @Nullable Identity identity) {
    return HttpClient.newBuilder()
        .sslContext(trusted.client(identity))
        .connectTimeout(Duration.ofSeconds(30))
        .build();
  }

  private static HttpRequest.Builder request(ApiServer server, String target) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + target));
  }

  private static HttpResponse<String> get(HttpClient client, ApiServer server, String target)
      throws IOException, InterruptedException {
    return client.send(request(server, target).build(), BodyHandlers.ofString());
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void answersInBothVersionsOfHttp(HttpClient.Version version)
      throws IOException, InterruptedException {
    if (version.compareTo(HttpClient.Version.HTTP_2) > 0) {
      return; // what the client knows beyond is not over TCP
    }
    String sql = "[\"" + "x".repeat(500_000) + "\"]";
    try (ApiServer server = server(node);
        HttpClient client = client(authority, null)) {
      HttpResponse<String> answer =
          client.send(
              request(server, "/db/execute")
                  .version(version)
                  .POST(HttpRequest.BodyPublishers.ofString(sql))
                  .build(),
              BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.version()).isEqualTo(version);
      assertThat(answer.headers().allValues("content-type")).containsExactly(JSON);
      assertThat(server.raft.asked.getFirst().statements().getFirst().sql()).hasSize(500_000);
    }
  }

  @Test
  void servesStatusAndActuator() throws IOException, InterruptedException {
    try (ApiServer server = server(node);
        HttpClient client = client(authority, null)) {
      JsonNode tls =
          JsonMapper.shared().readTree(get(client, server, "/status?key=http.tls").body());

      assertThat(tls.path("enabled").asString()).isEqualTo("true");
      assertThat(tls.path("client_auth").asString()).isEqualTo("NoClientCert");
      assertThat(tls.path("cert_file").asString()).isEqualTo(node.certificate().toString());
      assertThat(tls.path("key_file").asString()).isEqualTo(node.key().toString());
      assertThat(tls.path("next_protos").toString()).isEqualTo("[\"h2\",\"http/1.1\"]");
      assertThat(get(client, server, "/status?key=cluster.https").body()).isEqualTo("\"true\"");
      assertThat(get(client, server, "/actuator/health").statusCode()).isEqualTo(200);
      assertThat(get(client, server, "/actuator/prometheus").body()).contains("jvm_");
    }
  }

  @Test
  void saysWithoutTlsThatThereIsNone() throws IOException {
    try (ApiServer server = new ApiServer(folder)) {
      assertThat(server.http.get("/status?key=http.tls").text())
          .isEqualTo("{\"enabled\":\"false\"}");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void speaksThisTls(String protocol) throws IOException {
    try (ApiServer server = server(node);
        SSLSocket socket = socket(server)) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.startHandshake();

      assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
    }
  }

  private SSLSocket socket(ApiServer server) throws IOException {
    SSLSocketFactory factory = authority.client(null).getSocketFactory();
    return (SSLSocket) factory.createSocket("127.0.0.1", server.port());
  }

  @Test
  void tellsWhoForgotTheTls() throws IOException {
    try (ApiServer server = server(node)) {
      RawHttp.Answer answer = server.http.get("/status");

      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.text()).isEqualTo("Client sent an HTTP request to an HTTPS server.\n");
    }
  }

  @Test
  void sendsClientsToTheLeadersOwnUrl() throws IOException, InterruptedException {
    try (ApiServer server = server(node);
        HttpClient client = client(authority, null)) {
      server.raft.status = TestRaftNode.following();
      NodeProbe leader = TestRaftNode.answering(TestRaftNode.OTHER, true, Duration.ofMillis(1));
      for (String url : List.of("https://leader.example.org:4001", "http://10.0.0.1:80")) {
        server.raft.probes = List.of(at(leader, url));

        assertThat(location(client, server)).isEqualTo(url + "/db/query?redirect&q=x");
        assertThat(get(client, server, "/nodes").body()).contains("\"api_addr\":\"" + url + "\"");
      }
      server.raft.probes = List.of(TestRaftNode.silent(TestRaftNode.OTHER, "gone"));
      assertThat(location(client, server))
          .isEqualTo("https://" + TestRaftNode.OTHER.httpAddress() + "/db/query?redirect&q=x");
    }
  }

  private static String location(HttpClient client, ApiServer server)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = get(client, server, "/db/query?redirect&q=x");
    assertThat(answer.statusCode()).isEqualTo(301);
    return answer.headers().firstValue("location").orElseThrow();
  }

  private static NodeProbe at(NodeProbe probe, String url) {
    return new NodeProbe(
        probe.id(),
        probe.raftAddress(),
        url,
        probe.version(),
        probe.voter(),
        probe.leader(),
        probe.hasData(),
        probe.clusterId(),
        probe.lastIndex(),
        null,
        probe.took());
  }

  @Test
  void letsInOnlyClientsWithACertificateOfTheAuthority() throws IOException, InterruptedException {
    Identity known = authority.issue("known", "anybody");
    Identity unknown = strangers.issue("unknown", "anybody");
    try (ApiServer server =
            server(node, "-http-verify-client", "-http-ca-cert", authority.authority().toString());
        HttpClient good = client(authority, known);
        HttpClient bad = client(authority, unknown);
        HttpClient none = client(authority, null)) {
      assertThat(get(good, server, "/readyz").statusCode()).isEqualTo(200);
      assertThat(get(good, server, "/status?key=http.tls.client_auth").body())
          .isEqualTo("\"RequireAndVerifyClientCert\"");
      for (String target : List.of("/readyz", "/actuator/health")) {
        assertThatThrownBy(() -> get(bad, server, target)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get(none, server, target)).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void letsInOnlyTheCommonNameThatIsAskedFor() throws IOException, InterruptedException {
    try (ApiServer server =
            server(
                node,
                "-http-verify-client",
                "-http-ca-cert",
                authority.authority().toString(),
                "-http-verify-common-name",
                "app");
        HttpClient app = client(authority, authority.issue("app", "app,OU=x"));
        HttpClient other = client(authority, authority.issue("other", "other,OU=app"))) {
      assertThat(get(app, server, "/readyz").statusCode()).isEqualTo(200);
      for (String target : List.of("/readyz", "/actuator/health", "/nowhere")) {
        HttpResponse<String> answer = get(other, server, target);

        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).isEqualTo("the client's certificate has another common name\n");
      }
      assertThat(server.raft.asked).isEmpty();
    }
  }

  @Test
  void refusesACommonNameWhenNobodyNeedsACertificate() {
    assertThatThrownBy(
            () -> new ApiServer(folder, "--liferaft.http.verify-common-name=app").close())
        .rootCause()
        .hasMessageStartingWith("liferaft.http.verify-common-name=app is refused: ")
        .hasMessageContaining("server.ssl.client-auth=need");
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void takesNewCertificatesWhileItRuns(CapturedOutput output) throws IOException {
    Identity old = authority.issue("old", "old");
    Identity next = authority.issue("next", "next");
    try (ApiServer server = server(old)) {
      assertThat(presented(server)).isEqualTo(old.x509());

      Path key = Files.copy(old.key(), folder.resolve("old.key"));
      next.replaceCertificate(old);
      Waiting.await("the half of a pair is refused").until(() -> errors(output) > 0);
      assertThat(presented(server)).as("the former pair").isEqualTo(old.x509());
      assertThat(output).contains("matches none of the certificates in the chain");
      next.replace(old);
      Waiting.await("the new certificate").until(() -> presented(server).equals(next.x509()));
      Path _ = Files.copy(key, old.key(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      assertThat(presented(server)).isEqualTo(next.x509());
    }
  }

  /** Of the reload; other tests that run meanwhile may log some, too. */
  private static long errors(CapturedOutput output) {
    return output
        .toString()
        .lines()
        .filter(line -> line.contains(" ERROR ") && line.contains("SSL reload"))
        .count();
  }

  private Certificate presented(ApiServer server) throws IOException {
    try (SSLSocket socket = socket(server)) {
      socket.startHandshake();
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void breaksOffACopyThatDoesNotGoOnOverHttp2() throws IOException, InterruptedException {
    try (ApiServer server = server(node);
        HttpClient client = client(authority, null)) {
      byte[] incompressible = new byte[5_000_000];
      new Random(1).nextBytes(incompressible);
      server.raft.copy =
          () ->
              new TestRaftNode.BytesCopy(incompressible) {
                @Override
                public int read(long offset, java.nio.ByteBuffer into) {
                  if (offset > 2_000_000) {
                    throw new IllegalStateException("the leader is gone");
                  }
                  return super.read(offset, into);
                }
              };

      for (String target : List.of("/db/backup", "/db/backup?compress")) {
        assertThatThrownBy(() -> get(client, server, target)).isInstanceOf(IOException.class);
      }
      assertThat(get(client, server, "/readyz").statusCode()).isEqualTo(200);
    }
  }
}
