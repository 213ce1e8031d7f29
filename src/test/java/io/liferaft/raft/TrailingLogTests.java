package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrailingLogTests {

  @TempDir Path log;

  @BeforeEach
  void fourSegments() throws IOException {
    Files.write(log.resolve("log_0-9"), new byte[1000]);
    Files.write(log.resolve("log_10-19"), new byte[1000]);
    Files.write(log.resolve("log_20-29"), new byte[1000]);
    Files.write(log.resolve("log_inprogress_30"), new byte[8000]);
    Files.write(log.resolve("raft-meta"), new byte[5000]);
  }

  private long cut(long record, long kept) throws IOException {
    return TrailingLog.cut(SegmentFile.in(log), record, kept);
  }

  @Test
  void asMuchStaysAsAskedForAndNotASegmentMore() throws IOException {
    assertThat(cut(35, 0)).isEqualTo(29);
    assertThat(cut(35, 1)).as("Ratis makes room in the open one").isEqualTo(19);
    assertThat(cut(35, 1000)).isEqualTo(19);
    assertThat(cut(35, 1001)).isEqualTo(9);
    assertThat(cut(35, 2001)).isEqualTo(-1);
  }

  @Test
  void whatTheDatabaseFileDoesNotHoldStays() throws IOException {
    assertThat(cut(28, 0)).isEqualTo(19);
    assertThat(cut(29, 0)).isEqualTo(29);
    assertThat(cut(8, 0)).isEqualTo(-1);
    assertThat(cut(-1, 0)).isEqualTo(-1);
  }

  @Test
  void anEmptyLogIsNotCut() throws IOException {
    assertThat(TrailingLog.cut(SegmentFile.in(Files.createDirectory(log.resolve("new"))), 7, 0))
        .isEqualTo(-1);
  }
}
