package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestCodecTests {

  private static final BackupManifest FULL =
      new BackupManifest(
          "3f6c2b1e-0000-4000-8000-000000000001",
          "g-7",
          12,
          81_234,
          "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          1_048_576,
          false,
          List.of("n1=10.0.0.1:4002", "n2=10.0.0.2:4002", "n3=10.0.0.3:4002"),
          "3.54.1",
          "0.1.0",
          Instant.parse("2026-11-24T06:15:00.123Z"));
  private static final BackupManifest UNKNOWN =
      new BackupManifest(null, null, 0, 0, null, -1, false, List.of(), null, null, null);

  /** Kept for ever: what was written once must stay readable. */
  private static Map<String, String> kept(String name) throws IOException {
    Properties properties = new Properties();
    try (InputStream in = ManifestCodecTests.class.getResourceAsStream("/manifests/v1/" + name)) {
      assertThat(in).as(name).isNotNull();
      properties.load(in);
    }
    Map<String, String> metadata = new HashMap<>();
    properties.forEach((key, value) -> metadata.put((String) key, (String) value));
    return metadata;
  }

  @Test
  void readsTheFullManifestOfVersion1() throws IOException {
    assertThat(ManifestCodec.decode(kept("full.properties"))).isEqualTo(FULL);
  }

  @Test
  void writesWhatItWroteInVersion1() throws IOException {
    assertThat(ManifestCodec.encode(FULL)).isEqualTo(kept("full.properties"));
  }

  @Test
  void takesAnObjectOfRqliteForOneOfUnknownLineage() throws IOException {
    assertThat(ManifestCodec.decode(kept("rqlite.properties"))).isEqualTo(UNKNOWN);
  }

  @Test
  void takesGarbageForUnknown() throws IOException {
    assertThat(ManifestCodec.decode(kept("garbage.properties"))).isEqualTo(UNKNOWN);
  }

  @Test
  void readsWhatALaterVersionAdded() throws IOException {
    assertThat(ManifestCodec.decode(kept("later.properties")))
        .isEqualTo(
            new BackupManifest(
                "c", "g", 1, 2, null, -1, true, List.of("n1=h:1"), null, "9.0.0", null));
  }

  @Test
  void tellsRqliteTheChangeIndex() {
    assertThat(ManifestCodec.encode(FULL)).containsEntry("x-rqlite-auto-backup-id", "81234");
  }

  @Test
  void leavesOutWhatIsUnknown() {
    Map<String, String> metadata = ManifestCodec.encode(UNKNOWN);

    assertThat(metadata)
        .containsOnlyKeys(
            "liferaft-term", "liferaft-change-index", "liferaft-empty", "x-rqlite-auto-backup-id");
    assertThat(ManifestCodec.decode(metadata)).isEqualTo(UNKNOWN);
    assertThat(ManifestCodec.decode(Map.of())).isEqualTo(UNKNOWN);
  }

  @ParameterizedTest
  @CsvSource({"Zürich", "a b", "100%", "'a,b'", "%41", "'\u0000'", "節点", "x"})
  void writesOnlyVisibleAsciiAndReadsItBack(String text) {
    BackupManifest manifest =
        new BackupManifest(text, text, 0, 0, null, -1, true, List.of(text, text), text, text, null);

    Map<String, String> metadata = ManifestCodec.encode(manifest);

    assertThat(metadata.values()).allMatch(value -> value.matches("[!-~]+"));
    assertThat(ManifestCodec.decode(metadata)).isEqualTo(manifest);
  }

  @Test
  void staysBelowWhatS3KeepsByDroppingMembersFromTheEnd() {
    List<String> members =
        Collections.nCopies(50, "a-node-with-a-long-name=a-host-with-a-long-name.example.org:4002");
    BackupManifest manifest =
        new BackupManifest("c", "g", 1, 2, null, -1, false, members, null, null, null);

    Map<String, String> metadata = ManifestCodec.encode(manifest);

    int bytes =
        metadata.entrySet().stream()
            .mapToInt(
                e -> e.getKey().length() + e.getValue().getBytes(StandardCharsets.UTF_8).length)
            .sum();
    assertThat(bytes).isBetween(1_500, 1_800);
    assertThat(ManifestCodec.decode(metadata).members()).hasSizeGreaterThan(20).isSubsetOf(members);
  }

  @Test
  void refusesWhatDoesNotFit() {
    BackupManifest manifest =
        new BackupManifest(
            "c".repeat(2000), null, 1, 2, null, -1, false, List.of(), null, null, null);

    assertThatIllegalArgumentException().isThrownBy(() -> ManifestCodec.encode(manifest));
  }
}
