package io.liferaft.backup;

import io.liferaft.raft.RaftNode;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqliteException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a database that this node's disk has damaged from replacing a good backup. Where each
 * backup is a whole one, each looks, as far as a short query gets: a database that is too big for
 * that is sent unchecked, and looked at no more. Where a backup costs what changed and the ones
 * before stay, the whole is looked at once a day, and when a new generation has begun; the copy
 * that is backed up meanwhile keeps checkpoints from ending that. What was not looked at to the end
 * is sent, and looked at again after an hour.
 */
final class SoundnessCheck {

  private static final Logger log = LoggerFactory.getLogger(SoundnessCheck.class);

  private static final String SOUND = "ok";

  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration AGAIN = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final Duration LONG = Duration.ofMinutes(20);

  private final RaftNode node;
  private final Clock clock;
  private final boolean daily;
  private @Nullable String generation;
  private Instant checked = Instant.MIN;
  private long tooBigBytes = Long.MAX_VALUE;

  /**
   * @param daily not with every backup
   */
  SoundnessCheck(RaftNode node, Clock clock, boolean daily) {
    this.node = node;
    this.clock = clock;
    this.daily = daily;
  }

  /**
   * @throws Damaged when SQLite finds the database malformed
   */
  void require(long sizeBytes, String ofGeneration) {
    Instant now = clock.instant();
    boolean recent = daily && ofGeneration.equals(generation) && now.isBefore(checked.plus(DAY));
    if (recent || sizeBytes >= tooBigBytes) {
      return;
    }
    boolean whole = look();
    generation = ofGeneration;
    if (daily) {
      checked = whole ? now : now.minus(DAY).plus(AGAIN);
    } else if (!whole) {
      tooBigBytes = sizeBytes;
    }
  }

  /** Whether it came to the end. */
  private boolean look() {
    return switch (found()) {
      case SqlResult.Rows(_, _, _, var values, _) -> {
        String said = values.isEmpty() ? SOUND : String.valueOf(values.getFirst()[0]);
        if (!said.equals(SOUND)) {
          throw new Damaged(said);
        }
        yield true;
      }
      case SqlResult.Failed(var message, _) when message.contains("malformed") ->
          throw new Damaged(message);
      case SqlResult.Failed(var message, _) -> {
        String reason = "The database is backed up unchecked: quick_check has not ended, {}";
        if (daily) {
          log.warn(reason, message);
        } else {
          log.debug(reason, message);
        }
        yield false;
      }
      case SqlResult.Write _ -> true;
    };
  }

  private SqlResult found() {
    try {
      return node.localQuery("PRAGMA quick_check(1)", daily ? LONG : SHORT);
    } catch (SqliteException e) {
      return new SqlResult.Failed(String.valueOf(e.getMessage()), 0);
    }
  }

  /** The file on this node's disk is not sound. */
  static final class Damaged extends RuntimeException {
    Damaged(String said) {
      super(
          "the database on this node is damaged (SQLite says: "
              + said
              + ") and does not replace the last good backup. Hand leadership to a sound node (POST"
              + " /leader) and give this one an empty data directory; where there is none, load a"
              + " sound database or start from the backup");
    }
  }
}
