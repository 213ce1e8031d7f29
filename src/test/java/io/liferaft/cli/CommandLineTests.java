package io.liferaft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.cli.CommandLine.Exit;
import io.liferaft.cli.CommandLine.Outcome;
import io.liferaft.cli.CommandLine.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTests {

  private static Outcome read(String line) {
    return CommandLine.read(line.isEmpty() ? List.of() : List.of(line.split(" ")), "liferaftd 1");
  }

  private static List<String> arguments(String line) {
    assertThat(read(line)).isInstanceOf(Start.class);
    return ((Start) read(line)).arguments();
  }

  private static void assertExit(String line, int status, String... parts) {
    assertThat(read(line))
        .isInstanceOfSatisfying(
            Exit.class,
            exit -> {
              assertThat(exit.status()).isEqualTo(status);
              assertThat(exit.text()).startsWith("liferaftd: ").contains(parts);
              assertThat(exit.text().lines()).as("one sentence").hasSize(1);
            });
  }

  @Test
  void translatesWhatStartsANode() {
    assertThat(
            arguments(
                "-node-id 1 -http-addr 127.0.0.1:15101 -raft-addr=127.0.0.1:15102"
                    + " --http-adv-addr h1:80 --raft-adv-addr=h1:90 -fk /var/lib/data"))
        .containsExactlyInAnyOrder(
            "--liferaft.node.id=1",
            "--server.address=127.0.0.1",
            "--server.port=15101",
            "--liferaft.raft.address=127.0.0.1:15102",
            "--liferaft.node.advertised-http-address=h1:80",
            "--liferaft.raft.advertised-address=h1:90",
            "--liferaft.raft.foreign-keys=true",
            "--liferaft.node.data-dir=/var/lib/data");
  }

  @Test
  void translatesUsersAndTheQueue() {
    assertThat(
            arguments(
                "-auth users.json -write-queue-capacity 10 -write-queue-batch-size=4"
                    + " -write-queue-timeout 1m30s -write-queue-tx data"))
        .containsExactlyInAnyOrder(
            "--liferaft.security.auth-file=users.json",
            "--liferaft.queue.capacity=10",
            "--liferaft.queue.batch-size=4",
            "--liferaft.queue.timeout=90000ms",
            "--liferaft.queue.transaction=true",
            "--liferaft.node.data-dir=data");
  }

  @Test
  void translatesHttpsToASslBundle() {
    String files = Path.of("").toAbsolutePath().toUri().toString();
    assertThat(
            arguments(
                "-http-cert c.crt -http-key=/k.key -http-ca-cert ca.crt -http-verify-client"
                    + " -http-verify-common-name app"))
        .containsExactlyInAnyOrder(
            "--server.ssl.bundle=http",
            "--server.ssl.client-auth=need",
            "--spring.ssl.bundle.pem.http.keystore.certificate=" + files + "c.crt",
            "--spring.ssl.bundle.pem.http.keystore.private-key=file:///k.key",
            "--spring.ssl.bundle.pem.http.keystore.verify-keys=true",
            "--spring.ssl.bundle.pem.http.truststore.certificate=" + files + "ca.crt",
            "--spring.ssl.bundle.pem.http.options.enabled-protocols=TLSv1.2,TLSv1.3",
            "--spring.ssl.bundle.pem.http.reload-on-update=true",
            "--liferaft.http.verify-common-name=app");
    assertThat(arguments("-http-cert= -http-key= -http-verify-client=false")).isEmpty();
  }

  @Test
  void translatesTheTlsOfNodes() {
    assertThat(
            arguments(
                "-node-cert /c.crt -node-key=/k.key -node-ca-cert /ca.crt -node-verify-client"
                    + " -node-no-verify -node-verify-server-name node -node-verify-common-name n"))
        .containsExactlyInAnyOrder(
            "--liferaft.raft.tls.bundle=node",
            "--liferaft.raft.tls.verify-server=false",
            "--liferaft.raft.tls.verify-client=true",
            "--liferaft.raft.tls.verify-server-name=node",
            "--liferaft.raft.tls.verify-common-name=n",
            "--spring.ssl.bundle.pem.node.keystore.certificate=file:///c.crt",
            "--spring.ssl.bundle.pem.node.keystore.private-key=file:///k.key",
            "--spring.ssl.bundle.pem.node.keystore.verify-keys=true",
            "--spring.ssl.bundle.pem.node.truststore.certificate=file:///ca.crt",
            "--spring.ssl.bundle.pem.node.options.enabled-protocols=TLSv1.2,TLSv1.3",
            "--spring.ssl.bundle.pem.node.reload-on-update=true");
  }

  @ParameterizedTest
  @CsvSource({
    "-node-cert c,'either both -node-cert and -node-key must be set, or neither'",
    "-node-cert c -node-key k -node-verify-common-name n,-node-verify-common-name needs -node-verify-client",
    "-node-verify-client,-node-verify-client needs -node-cert and -node-key",
    "-http-cert c,'either both -http-cert and -http-key must be set, or neither'",
    "-http-key k,'either both -http-cert and -http-key must be set, or neither'",
    "-http-cert c -http-key k -http-verify-common-name n,-http-verify-common-name needs -http-verify-client",
    "-http-verify-client,-http-verify-client needs -http-cert and -http-key",
    "-http-ca-cert c,-http-ca-cert needs -http-cert and -http-key",
  })
  void refusesHalfATls(String line, String sentence) {
    assertExit(line, 1, sentence);
  }

  @Test
  void setsNothingThatWasNotSaid() {
    assertThat(arguments("")).isEmpty();
    assertThat(arguments("-node-id= -http-addr= -http-allow-origin=")).isEmpty();
  }

  @Test
  void aDirectoryAloneIsTheDataDirectory() {
    assertThat(arguments("data")).containsExactly("--liferaft.node.data-dir=data");
    assertThat(arguments("-- -data")).containsExactly("--liferaft.node.data-dir=-data");
  }

  @ParameterizedTest
  @CsvSource({
    "-fk,true",
    "--fk,true",
    "-fk=true,true",
    "-fk=1,true",
    "-fk=T,true",
    "-fk=False,false",
    "-fk=f,false",
    "-fk -fk=0,false",
  })
  void readsSwitches(String line, String value) {
    assertThat(arguments(line)).containsExactly("--liferaft.raft.foreign-keys=" + value);
  }

  /** Go takes the word for the data directory. */
  @Test
  void aSwitchTakesNoWordForItsValue() {
    assertThat(arguments("-fk false"))
        .containsExactly("--liferaft.node.data-dir=false", "--liferaft.raft.foreign-keys=true");
  }

  @ParameterizedTest
  @CsvSource({
    "1s,1000ms", "1.5s,1500ms", "1m30s,90000ms", "+2s,2000ms", "1h,3600000ms", "500us,500000ns",
    "1.5ms,1500000ns", "0,0ms", ".5s,500ms", "7µs,7000ns", "-1s,-1000ms", "1.s,1000ms",
  })
  void readsDurationsAsGoDoes(String go, String spring) {
    assertThat(arguments("-raft-heartbeat-timeout " + go))
        .containsExactly("--liferaft.raft.election-timeout=" + spring);
  }

  @ParameterizedTest
  @CsvSource({"5", "1d", "s", "1 s", "x1s", "1sx", "99999999999h", "..5s"})
  void refusesWhatIsNoDuration(String value) {
    assertThat(CommandLine.read(List.of("-raft-election-timeout", value), "v"))
        .isInstanceOfSatisfying(
            Exit.class,
            exit -> {
              assertThat(exit.status()).isEqualTo(2);
              assertThat(exit.text()).contains("invalid value \"" + value + "\" for flag -raft-el");
            });
  }

  @Test
  void theLongerOfTheElectionTimesCounts() {
    String longer = "--liferaft.raft.election-timeout=2000ms";

    assertThat(arguments("-raft-heartbeat-timeout=2s -raft-election-timeout=500ms"))
        .containsExactly(longer);
    assertThat(arguments("-raft-heartbeat-timeout=999999us -raft-election-timeout=2s"))
        .containsExactly(longer);
  }

  @ParameterizedTest
  @CsvSource({
    "-raft-snap 0x10,--liferaft.raft.snapshot.entries=16",
    "-raft-snap-wal-size 1048576,--liferaft.raft.snapshot.wal-size=1048576B",
    "-raft-snap-wal-size 0,--liferaft.raft.snapshot.wal-size=9223372036854775807B",
    "-raft-log-level info,--logging.level.org.apache.ratis=INFO",
    "-db-max-ro-conns 8,--liferaft.sqlite.max-readers=8",
    "-auto-vacuum-int 168h,--liferaft.maintenance.vacuum-interval=604800000ms",
    "-auto-optimize-int 24h,--liferaft.maintenance.analyze-interval=86400000ms",
    "-auto-optimize-int 0h,--liferaft.maintenance.analyze-interval=0ms",
    "-auto-backup b.json,--liferaft.backup.rqlite-config=b.json",
    "-auto-restore r.json,--liferaft.restore.rqlite-config=r.json",
    "-http-allow-origin *,--liferaft.http.allow-origin=*",
  })
  void translatesOtherFlags(String line, String argument) {
    assertThat(arguments(line)).containsExactly(argument);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:4001,localhost,4001",
    ":4001,0.0.0.0,4001",
    "[::1]:80,[::1],80",
    "0.0.0.0:0,0.0.0.0,0",
  })
  void splitsTheHttpAddress(String value, String host, String port) {
    assertThat(arguments("-http-addr " + value))
        .containsExactly("--server.address=" + host, "--server.port=" + port);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://h:1", "HTTPS://h:1", "h", "h:x", "h:70000", "::1:80"})
  void refusesWhatIsNoHttpAddress(String value) {
    assertExit("-http-addr " + value, 1, "-http-addr=" + value);
  }

  @Test
  void saysOfAPortThatItIsTooHigh() {
    assertExit("-http-addr h:99999", 1, "HTTP bind address not valid: the port is above 65535");
    assertExit("-http-addr h:999999", 1, "HTTP bind address not valid: the port is above 65535");
  }

  @Test
  void takesSpringsArgumentsAnywhere() {
    assertThat(
            arguments(
                "--a.b=c -node-id 1 --liferaft.backup.target=file:/b --debug data --spring.x=y"))
        .containsExactly(
            "--a.b=c",
            "--liferaft.backup.target=file:/b",
            "--debug",
            "--spring.x=y",
            "--liferaft.node.data-dir=data",
            "--liferaft.node.id=1");
  }

  @ParameterizedTest
  @CsvSource({
    "-node-id 1 --liferaft.node.id=2,-node-id and --liferaft.node.id",
    "data --liferaft.node.dataDir=other,the data directory data and --liferaft.node.dataDir",
    "-http-addr h:1 --server.port=2,-http-addr and --server.port",
  })
  void refusesASettingThatIsSaidTwice(String line, String sentence) {
    assertExit(line, 1, sentence);
  }

  @ParameterizedTest
  @CsvSource({
    "-nonsense,flag provided but not defined: -nonsense",
    "--nonsense=1,flag provided but not defined: -nonsense",
    "---fk,bad flag syntax: ---fk",
    "-=x,bad flag syntax: -=x",
    "-node-id,flag needs an argument: -node-id",
    "-raft-snap many,invalid value \"many\" for flag -raft-snap",
    "-fk=maybe,invalid value \"maybe\" for flag -fk",
  })
  void wrongUsageEndsWith2(String line, String sentence) {
    assertExit(line, 2, sentence);
  }

  @Test
  void nothingMayFollowTheDataDirectory() {
    assertExit("data -fk more", 1, "arguments after data directory (data) are not accepted");
  }

  @Test
  void changesGoWhereTheFlagSays() {
    assertThat(Start.class.cast(read("-cdc-config http://h:8000/x")).arguments())
        .contains("--liferaft.cdc.config=http://h:8000/x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-extensions-path /e", "-cpu-profile f", "-otlp-insecure", "-disco-key k"})
  void whatWillNotComeIsRefusedWithItsReason(String line) {
    assertExit(line, 1, line.replaceFirst(" .*", "") + " is not supported: ");
  }

  @Test
  void discoveryIsJsonOrAFileOfIt(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("d.json"), "{\"name\":\"db\",\"port\":4012}");

    assertThat(Start.class.cast(read("-disco-mode dns -disco-config " + file)).arguments())
        .contains(
            "--liferaft.raft.discovery.mode=dns",
            "--liferaft.raft.discovery.name=db",
            "--liferaft.raft.discovery.port=4012");
    assertThat(
            Start.class
                .cast(
                    read(
                        "-disco-mode dns-srv -disco-config {\"name\":\"db\",\"service\":\"raft\"}"))
                .arguments())
        .contains("--liferaft.raft.discovery.service=raft");
    assertExit("-disco-mode consul-kv", 1, "members are found by DNS here");
    assertExit("-disco-config {\"nam\":1}", 1, "nam");
    assertExit("-disco-config /no/such/file", 1, "it is JSON or a file that can be read");
  }

  /** A start script that spells defaults out asks for nothing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "-auth=",
        "-disco-key rqlite",
        "-raft-commit-timeout 50ms",
        "-raft-shutdown-stepdown"
      })
  void aFlagAtItsDefaultIsTakenInSilence(String line) {
    assertThat(read(line)).isEqualTo(new Start(List.of(), List.of()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-raft-commit-timeout=20ms",
        "-raft-apply-timeout=5000ms",
        "-raft-snap-int=1000ms",
        "-raft-leader-lease-timeout=200ms",
        "-cluster-connect-timeout=5000ms",
        "-compress-snap-transport=true",
        "-raft-shutdown-stepdown=false"
      })
  void theLogSaysWhatHasNoEffect(String flag) {
    assertThat(((Start) read(flag)).notices())
        .singleElement()
        .satisfies(notice -> assertThat(notice).startsWith(flag + " has no effect: "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-h", "--help", "-help", "-node-id 1 -h -nonsense"})
  void printsItsHelp(String line) {
    assertThat(read(line))
        .isInstanceOfSatisfying(
            Exit.class,
            exit -> {
              assertThat(exit.status()).isZero();
              for (Flag flag : Flags.all()) {
                assertThat(exit.text()).contains("\n  -" + flag.name());
              }
              assertThat(exit.text()).contains("-> liferaft.node.id\n");
            });
  }

  @Test
  void printsItsVersion() {
    assertThat(read("-version")).isEqualTo(new Exit(0, "liferaftd 1\n"));
  }

  @Test
  void everyFlagIsThereOnceAndItsDefaultIsOne() {
    assertThat(Flags.all()).extracting(Flag::name).doesNotHaveDuplicates();
    for (Flag flag : Flags.all()) {
      if (!flag.standard().isEmpty()) {
        assertThat(flag.kind().canonical(flag.standard())).isNotEmpty();
      }
    }
  }

  /** A property that is written wrongly would be refused at the start only. */
  @Test
  void everyPropertyOfTheTableIsInTheUserGuideOrSprings() throws IOException {
    String guide = Files.readString(Path.of("docs/user-guide.md"));
    for (Flag flag : Flags.all()) {
      if (flag.treatment() instanceof Treatment.Sets(var properties, _)) {
        for (String property : properties) {
          assertThat(property.startsWith("liferaft.") ? guide : property).contains(property);
        }
      }
    }
  }

  @Test
  void theDocumentationHasTheSameTable() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("docs/rqlite-compatibility.md")).stream()
            .filter(line -> line.startsWith("| `-"))
            .toList();

    assertThat(rows)
        .containsExactlyElementsOf(
            Flags.all().stream()
                .map(flag ->
                    "| `-%s` | %s | %s |"
                        .formatted(
                            flag.name(),
                            flag.standard().isEmpty() ? "" : "`" + flag.standard() + "`",
                            flag.fate()))
                .toList());
  }
}
