package io.liferaft.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every request of a backup, a prune and a restore fails once, in every way that a store can fail
 * in. After each nothing partial is visible, the next interval succeeds, nothing is lost, and what
 * was left behind goes with the sweep and the prune. Every store's test runs it.
 */
@TestInstance(Lifecycle.PER_CLASS)
interface FaultyArchiveContract {

  /** A store of which one request fails in one way, which its name tells. */
  interface Place {
    ObjectStore store();

    /**
     * A request fails.
     *
     * @param number counted from now on and from 1, of those only that can fail in this way
     */
    void fail(int number);

    /** Whether it has come to that request. */
    boolean failed();

    /** Whether every request can fail in this way. */
    boolean everyRequest();

    /** No request fails any more. */
    void heal();

    /** What is there of writes that did not end: uploads in parts, temporary files. */
    long unfinished() throws IOException;
  }

  /** Each way to fail. */
  Stream<Place> places();

  /** For what is restored. */
  Path folder();

  default ArchiveStory story(Place place, String name, int chunks) {
    return new ArchiveStory(place.store(), name + "/", chunks, folder());
  }

  /** What is done while a request fails. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws IOException;
  }

  /** Does it while a request fails; null when that was told. */
  static <T> @Nullable T attempt(Place place, int number, Work<T> work) throws IOException {
    place.fail(number);
    try {
      return work.run();
    } catch (ObjectStoreException e) {
      assertThat(place.failed()).as(e.getMessage()).isTrue();
      return null;
    } finally {
      place.heal();
    }
  }

  /** That so many requests have failed; fewer where not all can fail in that way. */
  private static void requireRequests(Place place, int failed, int least, int most) {
    assertThat(failed).as("requests that failed").isBetween(place.everyRequest() ? least : 0, most);
  }

  @ParameterizedTest
  @MethodSource("places")
  default void aFirstBackup(Place place) throws IOException {
    int number = 1;
    boolean reached = true;
    while (reached) {
      ArchiveStory story = story(place, "first" + number, 4);
      reached = standsBackup(place, number++, story, story::interval);
      if (story.triedAgain()) {
        leftoversGo(place, story);
      }
    }
    requireRequests(place, number - 2, 6, 7);
  }

  @ParameterizedTest
  @MethodSource("places")
  default void aBackupOfAnotherProcess(Place place) throws IOException {
    ArchiveStory story = story(place, "other", 4);
    StoredBackup _ = story.interval();
    int number = 1;
    boolean reached = true;
    while (reached) {
      story.restart().change(number % 4);
      reached = standsBackup(place, number++, story, story::interval);
    }
    requireRequests(place, number - 2, 12, 12);
    leftoversGo(place, story);
  }

  @ParameterizedTest
  @MethodSource("places")
  default void aBackupAfterAnother(Place place) throws IOException {
    ArchiveStory story = story(place, "next", 4);
    StoredBackup _ = story.interval();
    StoredBackup _ = story.change(0).interval();
    int number = 1;
    boolean reached = true;
    while (reached) {
      StoredBackup before = story.change(number % 4).interval();
      story.change(number % 3);
      reached = standsBackup(place, number++, story, () -> story.write(before));
    }
    requireRequests(place, number - 2, 3, 3);
    leftoversGo(place, story);
  }

  /** False when a backup has no such request any more. */
  static boolean standsBackup(
      Place place, int number, ArchiveStory story, Work<StoredBackup> backup) throws IOException {
    byte[] before = story.newest();
    StoredBackup made = attempt(place, number, backup);
    if (made == null) {
      assertThat(story.restored())
          .as("visible after request %d", number)
          .isIn(before, story.database());
      story.everyNewPointIsWhole();
      made = story.interval();
      story.nothingIsLost();
      int _ = story.sweep();
      assertThat(place.unfinished()).as("unfinished after request %d", number).isZero();
    }
    assertThat(story.pointer()).as("after request %d", number).isEqualTo(made.etag());
    return place.failed();
  }

  /** Whatever did not become a restore point goes with the others of its time. */
  private static void leftoversGo(Place place, ArchiveStory story) throws IOException {
    assertThat(story.restored()).isEqualTo(story.database());
    story.everyPointIsWhole();
    StoredBackup _ = story.newGeneration().interval();
    StoredBackup _ = story.advance(Duration.ofHours(2)).change(0).interval();

    assertThat(story.prune().problem()).isNull();

    assertThat(story.names()).hasSize(2);
    assertThat(story.orphans()).isEmpty();
    assertThat(place.unfinished()).isZero();
    story.everyPointIsWhole();
  }

  @ParameterizedTest
  @MethodSource("places")
  default void aPrune(Place place) throws IOException {
    ArchiveStory story = story(place, "pruned", 3);
    int number = 1;
    boolean reached = true;
    Set<String> there = newHistory(story);
    while (reached) {
      PruneReport report = attempt(place, number, story::prune);

      reached = place.failed();
      boolean whole = report != null && report.problem() == null;
      assertThat(whole || reached).as("a prune that fails without a reason").isTrue();
      assertThat(story.restored()).as("after request %d", number).isEqualTo(story.database());
      if (!story.objects().equals(there)) {
        story.everyPointIsWhole();
        assertThat(whole ? null : story.prune().problem()).as("the next prune").isNull();
        assertThat(story.names()).hasSize(2);
        assertThat(story.orphans()).as("after request %d", number).isEmpty();
        assertThat(story.restored()).isEqualTo(story.database());
        there = newHistory(story);
      }
      number++;
    }
    requireRequests(place, number - 2, 12, 12);
  }

  /** Four restore points, of which a prune leaves two. */
  private static Set<String> newHistory(ArchiveStory story) throws IOException {
    if (story.names().isEmpty()) {
      StoredBackup _ = story.interval();
      StoredBackup _ = story.change(1).interval();
    }
    StoredBackup _ = story.newGeneration().interval();
    StoredBackup _ = story.advance(Duration.ofHours(2)).change(2).interval();
    return story.objects();
  }

  /** A network that fails is no damage: never an older backup, never a file that is not whole. */
  @ParameterizedTest
  @MethodSource("places")
  default void aRestore(Place place) throws IOException {
    ArchiveStory story = story(place, "restored", 150);
    StoredBackup _ = story.interval();
    StoredBackup _ = story.change(70).interval();
    int number = 1;
    boolean reached = true;
    while (reached) {
      Path into = folder().resolve("restored" + number + ".sqlite");

      byte[] content = attempt(place, number, () -> story.restored(into));

      reached = place.failed();
      assertThat(Files.exists(into)).as("file after request %d", number).isFalse();
      byte[] whole = content == null ? story.restored(into) : content;
      assertThat(Arrays.equals(whole, story.database())).as("request %d", number).isTrue();
      number++;
    }
    requireRequests(place, number - 2, 8, 8);
  }
}
