package io.liferaft.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchOptionsTests {

  @Test
  void measuresOneServerInAClosedLoopUnlessToldOtherwise() {
    BenchOptions options = BenchOptions.read(List.of());

    assertThat(options.targets()).containsExactly("127.0.0.1:4001");
    assertThat(options.others()).isEmpty();
    assertThat(options.works()).containsExactly(Work.WRITE, Work.NONE);
    assertThat(options.connections()).containsExactly(1, 16, 64);
    assertThat(options.rate()).isZero();
    assertThat(options.rounds()).isEqualTo(5);
  }

  @Test
  void readsEveryOption() {
    BenchOptions options =
        BenchOptions.read(
            List.of(
                "--target=http://n1:4001/,[::1]:4003",
                "--other=n2:4001",
                "--work=bulk,strong",
                "--connections=2, 4",
                "--rounds=1",
                "--seconds=2",
                "--warmup=0",
                "--rate=100",
                "--statements=7",
                "--bytes=8",
                "--rows=9",
                "--reads=50",
                "--sql=SELECT ?, ?",
                "--pid=10,11",
                "--other-pid=12",
                "--user=al:secret",
                "--json"));

    assertThat(options.targets()).containsExactly("n1:4001", "[::1]:4003");
    assertThat(options.others()).containsExactly("n2:4001");
    assertThat(options.works()).containsExactly(Work.BULK, Work.STRONG);
    assertThat(options.connections()).containsExactly(2, 4);
    assertThat(options.seconds()).isEqualTo(Duration.ofSeconds(2));
    assertThat(options.warmup()).isZero();
    assertThat(options.rate()).isEqualTo(100);
    assertThat(options.reads()).isEqualTo(50);
    assertThat(options.sql()).isEqualTo("SELECT ?, ?");
    assertThat(options.pids()).containsExactly(10L, 11L);
    assertThat(options.otherPids()).containsExactly(12L);
    assertThat(options.authorization()).isEqualTo("Basic YWw6c2VjcmV0");
    assertThat(options.json()).isTrue();
    assertThat(options).asString().doesNotContain("YWw6c2VjcmV0", "secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--seconds=0|a number from 1 to 86400",
        "--seconds=ten|a number from 1 to 86400",
        "--reads=101|a number from 0 to 100",
        "--connections=1,0|a number from 1 to 4096",
        "--work=delete|one of write, bulk, queued",
        "--target=localhost|host:port is wanted",
        "--pid=me|a number from 1",
        "--sekonds=3|no such option",
        "--target|one without =VALUE",
        "-n|no such option",
      })
  void refusesInOneSentenceThatNamesTheOption(String word, String valid) {
    assertThatExceptionOfType(BenchOptions.Refused.class)
        .isThrownBy(() -> BenchOptions.read(List.of(word)))
        .withMessageContaining(valid)
        .withMessageStartingWith(word.substring(0, Math.min(word.length(), 9)));
  }

  @Test
  void aProcessThatIsGoneIsNamed() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    int status =
        BenchCommand.run(
            List.of("--pid=" + ProcessHandle.current().pid() + "," + Integer.MAX_VALUE),
            System.out,
            new PrintStream(err));

    assertThat(status).isEqualTo(2);
    assertThat(err.toString(UTF_8)).contains("there is no process " + Integer.MAX_VALUE);
  }
}
