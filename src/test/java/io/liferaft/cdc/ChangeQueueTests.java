package io.liferaft.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.RowChange;
import io.liferaft.sqlite.SqlEntry;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.support.SmallDisk;
import io.liferaft.support.SteppedFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing that was published is lost, nothing that was taken back is seen. */
class ChangeQueueTests {

  /** Steps of one name fail as long as they are told to. */
  private static final class FailingFiles extends SteppedFiles {
    private String failing = "";

    FailingFiles() {
      super(new DiskFiles());
    }

    @Override
    protected void before(int number, String step) throws IOException {
      if (step.equals(failing)) {
        throw new IOException("No space left on device");
      }
    }
  }

  @TempDir Path folder;
  private final FailingFiles files = new FailingFiles();
  private ChangeQueue queue = create();

  private ChangeQueue create() {
    return new ChangeQueue(Objects.requireNonNull(CdcConfig.of("stdout")), files);
  }

  private void beginAgain(long index) throws IOException {
    queue.close();
    queue = create();
    queue.begin(folder, index, true);
  }

  @BeforeEach
  void begin() throws IOException {
    queue.begin(folder, -1, true);
  }

  @AfterEach
  void close() {
    queue.close();
  }

  private static SqlEntry entry(long index) {
    return new SqlEntry(List.of(), false, SqlForm.EXECUTE, 1000 + index, 0, 0, false, index);
  }

  private static RowChange insert(Object value) {
    return new RowChange(
        RowChange.Kind.INSERT, "t", List.of("b", "a"), 0, 7, null, List.of(value, 1.5));
  }

  private void add(long index, Object value) {
    queue.cut();
    queue.add(entry(index), insert(value));
  }

  private void publish(long index, Object value) throws IOException {
    add(index, value);
    queue.publish();
  }

  private List<String> shown(int most) throws IOException {
    return queue.next(most).stream()
        .map(commit ->
            commit.index()
                + "@"
                + commit.clockMillis()
                + commit.events().stream()
                    .map(event -> new String(event, UTF_8).replaceAll(".*\"b\":|}}$", ""))
                    .toList())
        .toList();
  }

  @Test
  void givesOutCommitsUntilTheyAreAcknowledged() throws IOException {
    publish(1, 1L);
    add(2, 2L);
    queue.add(entry(2), insert(3L));
    add(2, 4L);
    assertThat(shown(10)).as("nothing before it is published").containsExactly("1@1001[1]");
    queue.publish();

    assertThat(shown(1)).containsExactly("1@1001[1]");
    assertThat(queue.acknowledge(queue.next(1))).isEqualTo(1);
    assertThat(shown(1)).as("no entry is torn").containsExactly("2@1002[2, 3]", "2@1002[4]");
    assertThat(queue.length()).isEqualTo(2);
    assertThat(queue.acknowledge(queue.next(1))).isEqualTo(2);
    assertThat(queue.length()).isZero();
  }

  @Test
  void whatIsTakenBackIsNeverSeen() throws IOException {
    publish(1, 1L);
    add(2, 2L);
    long position = queue.position();
    add(2, "x".repeat(3_000_000)); // on disk already
    queue.back(position);
    add(2, 3L);
    queue.publish();

    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[2]", "2@1002[3]");
    assertThat(queue.length()).isEqualTo(3);
  }

  @Test
  void writesEventsAsRqliteDoes() throws IOException {
    queue.cut();
    queue.add(
        entry(4),
        new RowChange(
            RowChange.Kind.UPDATE,
            "t",
            List.of("b", "a"),
            1,
            2,
            List.of(new byte[] {0, -1}, 1L),
            java.util.Arrays.asList(null, 1.5)));
    queue.publish();

    assertThat(new String(BatchWriter.write("svc", "n\"1", queue.next(1)), UTF_8))
        .isEqualTo(
            "{\"service_id\":\"svc\",\"node_id\":\"n\\\"1\",\"payload\":[{\"index\":5,\"commit_timestamp\":1004,\"events\":["
                + "{\"op\":\"UPDATE\",\"table\":\"t\",\"new_row_id\":2,\"old_row_id\":1,\"before\":{\"a\":1,\"b\":\"AP8=\"},\"after\":{\"a\":1.5,\"b\":null}}]}]}");
  }

  @Test
  void beginsAgainAtTheIndexOfTheDatabase() throws IOException {
    for (long index = 1; index <= 5; index++) {
      publish(index, index);
    }
    queue.acknowledge(queue.next(1));
    queue.close();

    queue = create();
    queue.begin(folder, 3, true);

    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[2]", "3@1003[3]");
    publish(4, 40L);
    queue.delivered(2);
    assertThat(shown(10)).containsExactly("3@1003[3]", "4@1004[40]");
    assertThat(queue.length()).isEqualTo(2);
  }

  @Test
  void whatComesBeforeACopyIsNotKept() throws IOException {
    publish(1, 1L);
    assertThat(queue.firstIndex()).isZero();

    queue.begin(folder, 7, false);

    assertThat(shown(10)).isEmpty();
    assertThat(queue.firstIndex()).isEqualTo(8);
    publish(8, 8L);
    queue.close();
    queue = create();
    queue.begin(folder, 8, true);
    assertThat(queue.firstIndex()).isEqualTo(8);
    assertThat(shown(10)).containsExactly("8@1008[8]");
  }

  @Test
  void aTornEndIsCutOff() throws IOException {
    publish(1, 1L);
    publish(2, 2L);
    queue.close();
    Path segment = segments().getFirst();
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(file.length() - 3);
    }

    queue = create();
    queue.begin(folder, 2, true);
    publish(2, 3L);

    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[3]");
  }

  @Test
  void whatWasGivenOutBeforeItBeganAgainIsNotAcknowledged() throws IOException {
    publish(1, 1L);
    List<Commit> before = queue.next(1);
    queue.begin(folder, 0, true);

    assertThat(queue.acknowledge(before)).isEqualTo(-1);
    publish(1, 1L);
    assertThat(shown(10)).containsExactly("1@1001[1]");
  }

  @Test
  void segmentsGoWhenTheyHaveBeenDelivered() throws IOException {
    String large = "x".repeat(1_000_000);
    for (long index = 0; index < 40; index++) {
      publish(index, large);
    }
    assertThat(segments()).hasSize(3);

    List<Long> seen = new ArrayList<>();
    for (List<Commit> next = queue.next(3); !next.isEmpty(); next = queue.next(3)) {
      next.forEach(commit -> seen.add(commit.index()));
      queue.acknowledge(next);
    }

    assertThat(seen).hasSize(40).isSorted().doesNotHaveDuplicates();
    assertThat(segments()).as("as long as only this node knows").hasSize(3);
    queue.drop(39);
    assertThat(segments()).hasSize(1);
    assertThat(queue.length()).isZero();
    publish(40, 40L);
    assertThat(shown(10)).containsExactly("40@1040[40]");
  }

  @Test
  void aLargeCommitComesInParts() throws IOException {
    queue.cut();
    for (int i = 0; i < 10; i++) {
      queue.add(entry(1), insert("x".repeat(1_000_000)));
    }
    queue.publish();

    int events = 0;
    for (List<Commit> next = queue.next(10); !next.isEmpty(); next = queue.next(10)) {
      assertThat(next.stream().mapToLong(Commit::bytes).sum()).isLessThan(6_000_000);
      events += next.stream().mapToInt(commit -> commit.events().size()).sum();
      queue.acknowledge(next);
    }
    assertThat(events).isEqualTo(10);
  }

  @Test
  void whatCannotBeWrittenIsToldAndComesOnceWhenItCan() throws IOException {
    publish(1, 1L);
    long position = queue.position();
    files.failing = "write changes";
    add(2, 2L);

    assertThatIOException()
        .isThrownBy(queue::flush)
        .withMessageContaining("No space left on device");
    assertThat(queue.failures()).isEqualTo(1);
    assertThat(shown(10)).containsExactly("1@1001[1]");
    queue.back(position);
    files.failing = "";
    publish(2, 2L);

    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[2]");
    queue.force();
    beginAgain(2);
    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[2]");
  }

  @Test
  void aDiskThatIsFullInMidWriteLeavesNothingBehind() throws IOException {
    try (SmallDisk disk = SmallDisk.mount(folder.resolve("small"), "4m")) {
      queue.close();
      queue = create();
      queue.begin(folder.resolve("small"), -1, true);
      publish(1, 1L);
      long position = queue.position();
      disk.fillBut(300_000);
      add(2, "x".repeat(700_000));
      assertThatIOException().isThrownBy(queue::flush);
      queue.back(position);
      disk.empty();
      publish(2, 3L);
      queue.force();

      assertThat(queue.failures()).isEqualTo(1);
      assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[3]");
      queue.close();
      queue = create();
      queue.begin(folder.resolve("small"), 2, true);
      assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[3]");
      queue.close();
    }
  }

  @Test
  void whatCouldNotBeTakenBackIsNotThereAfterARestart() throws IOException {
    publish(1, 1L);
    long position = queue.position();
    add(2, 2L);
    add(2, 3L);
    queue.flush();
    files.failing = "take changes back";
    queue.back(position);
    files.failing = "";
    assertThatIOException().as("so the entry is applied again").isThrownBy(queue::flush);
    publish(2, 4L);

    queue.force();
    beginAgain(2);

    assertThat(shown(10)).containsExactly("1@1001[1]", "2@1002[4]");
  }

  @Test
  void goesOnInTheLastSegmentWhileAnotherCannotBeMade() throws IOException {
    String large = "x".repeat(1_000_000);
    files.failing = "create a segment of changes";
    for (long index = 0; index < 20; index++) {
      publish(index, large);
    }
    assertThat(segments()).hasSize(1);
    files.failing = "";
    publish(20, large);
    publish(21, 21L);

    assertThat(segments()).hasSize(2);
    assertThat(queue.length()).isEqualTo(22);
    assertThat(queue.failures()).isPositive();
    queue.delivered(20);
    assertThat(shown(10)).containsExactly("21@1021[21]");
  }

  @Test
  void keepsWhatTheConfigurationAsksFor() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("cdc.json"),
            "{\"endpoint\":\"stdout\",\"row_ids_only\":true,\"table_filter\":\"^(t|u.*)$\"}");
    queue.close();
    queue = new ChangeQueue(Objects.requireNonNull(CdcConfig.of(config.toString())), files);
    queue.begin(folder, -1, true);

    assertThat(List.of("t", "users", "tt", "v").stream().filter(queue::wants))
        .containsExactly("t", "users");
    publish(1, 1L);
    assertThat(new String(queue.next(1).getFirst().events().getFirst(), UTF_8))
        .isEqualTo("{\"op\":\"INSERT\",\"table\":\"t\",\"new_row_id\":7}");
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cdc"))) {
      return files.toList();
    }
  }
}
