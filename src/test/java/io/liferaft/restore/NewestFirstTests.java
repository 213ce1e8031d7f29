package io.liferaft.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.support.FakeArchive;
import java.util.List;
import org.junit.jupiter.api.Test;

class NewestFirstTests {

  private final FakeArchive timestamps = new FakeArchive("file:/here/db.gz");

  private final BackupArchives places =
      new BackupArchives() {
        @Override
        public BackupArchive open(String target, boolean compress) {
          return new FakeArchive(target);
        }

        @Override
        public BackupArchive open(
            String target, boolean compress, boolean createDirectory, boolean timestamped) {
          assertThat(createDirectory).isFalse();
          return timestamped ? timestamps : open(target, compress);
        }
      };

  @Test
  void onlyTheBackupsOwnPlaceIsReadByItsTimestamps() {
    BackupArchives archives = RestoreConfiguration.newestFirst(places, List.of("file:/here/db.gz"));

    assertThat(archives.open("file:/here/db.gz", true)).isSameAs(timestamps);
    assertThat(archives.open("file:./db.gz", true)).isSameAs(timestamps);
    assertThat(archives.open("file:/here/20261124120000_db.gz", true)).isNotSameAs(timestamps);
  }
}
