package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamedCountsTests {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final NamedCounts counts = new NamedCounts(registry);

  private void count(double value, String name, String... tags) {
    FunctionCounter.builder(name, value, v -> v).tags(tags).register(registry);
  }

  @Test
  void namesWhatIsCountedAsRqliteDoes() {
    count(1, "liferaft.raft.events", "event", "copy");
    count(5, "liferaft.raft.events", "event", "load");
    count(3, "liferaft.raft.events", "event", "install");
    count(4, "liferaft.raft.events", "event", "start-rebuilt");
    count(6, "liferaft.raft.events", "event", "start-reused");
    count(7, "liferaft.raft.events", "event", "leader-change");
    count(18, "liferaft.raft.events", "event", "join-request");
    count(19, "liferaft.raft.events", "event", "join-ignored");
    count(20, "liferaft.raft.events", "event", "join-replaced");
    count(21, "liferaft.raft.events", "event", "reap-failed");
    count(8, "liferaft.restore.outcomes", "outcome", "restored");
    count(9, "liferaft.restore.outcomes", "outcome", "followed");
    count(10, "liferaft.restore.outcomes", "outcome", "failed");
    count(22, "liferaft.backup.checks");
    count(23, "liferaft.backup.copies");
    count(24, "liferaft.backup.copies.failed");
    count(11, "liferaft.backup.unchanged", "by", "index");
    count(12, "liferaft.backup.unchanged", "by", "object");
    Gauge.builder("liferaft.backup.last.bytes", () -> 13).register(registry);
    count(14, "liferaft.restore.downloads", "result", "ok");
    count(15, "liferaft.restore.download.bytes");
    count(16, "liferaft.raft.forwarded", "call", "execution", "result", "ok");
    count(17, "liferaft.raft.forwarded", "call", "execution", "result", "failed");

    assertThat(counts.store(2))
        .isEqualTo(
            Map.ofEntries(
                Map.entry("num_backups", 1L),
                Map.entry("num_loads", 3L),
                Map.entry("num_boots", 2L),
                Map.entry("num_restores", 3L),
                Map.entry("num_restores_start", 4L),
                Map.entry("num_restores_start_skipped", 6L),
                Map.entry("leader_changes_observed", 7L),
                Map.entry("num_auto_restores", 8L),
                Map.entry("num_auto_restores_skipped", 9L),
                Map.entry("num_auto_restores_failed", 10L),
                Map.entry("num_provider_checks", 22L),
                Map.entry("num_provider_provides", 23L),
                Map.entry("num_provider_provides_fail", 24L),
                Map.entry("num_ignored_joins", 19L),
                Map.entry("num_removed_before_joins", 20L),
                Map.entry("nodes_reaped_failed", 21L)));
    assertThat(counts.cluster()).isEqualTo(Map.of("num_join_req", 18L));
    assertThat(counts.uploader())
        .isEqualTo(
            Map.of(
                "num_uploads_skipped", 11L,
                "num_uploads_skipped_id", 12L,
                "last_upload_bytes", 13L));
    assertThat(counts.downloader())
        .isEqualTo(Map.of("num_downloads_ok", 14L, "download_bytes", 15L));
    assertThat(counts.proxy())
        .isEqualTo(Map.of("remote_executions", 16L, "remote_executions_failed", 17L));
  }

  @Test
  void leavesOutWhatNobodyCounts() {
    assertThat(counts.uploader()).isEmpty();
    assertThat(counts.store(0)).isEqualTo(Map.of("num_boots", 0L));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "s3://b/dir/key||s3://b/dir/key",
        "s3://b/dir/key|http://minio:9000|http://minio:9000/b/dir/key",
        "s3://b/dir/key|http://minio:9000/|http://minio:9000/b/dir/key",
        "s3://b/dir/key|http://user:secret@minio:9000|http://user:xxxxx@minio:9000/b/dir/key",
        "file:/backups/a/db.gz|http://minio:9000|dir:/backups/a, file:db.gz",
        "file:/db.gz||dir:/, file:db.gz",
        "file:db.gz||file:db.gz"
      })
  void writesABackupsPlaceAsRqliteDoes(String target, String endpoint, String destination) {
    assertThat(UploadDestination.of(target, endpoint)).isEqualTo(destination);
  }
}
