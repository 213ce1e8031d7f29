package io.liferaft.api;

import io.liferaft.raft.CommitUnknownException;
import io.liferaft.raft.NotLeaderException;
import io.liferaft.raft.NotReadyException;
import io.liferaft.raft.RequestRefusedException;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one table from exceptions to answers and to the metrics' result. */
final class ErrorTable {

  private static final Logger log = LoggerFactory.getLogger(ErrorTable.class);

  private ErrorTable() {}

  /** How a request ended: the values of the metrics' tag. */
  enum Result {
    OK,
    BAD_REQUEST,
    UNAUTHORIZED,
    NOT_READY,
    NO_LEADER,
    UNKNOWN,
    ERROR;

    /** The result of an answer that was not an exception. */
    static Result ofStatus(int status) {
      if (status < 400) {
        return OK;
      }
      if (status == 401) {
        return UNAUTHORIZED;
      }
      return status < 500 ? BAD_REQUEST : status == 503 ? NOT_READY : ERROR;
    }
  }

  /**
   * An error's answer.
   *
   * @param retryAfterSeconds 0 for no such header
   */
  record Answer(int status, String text, long retryAfterSeconds, Result result) {}

  static Answer answer(Exception e) {
    return switch (e) {
      case RequestFailure failure ->
          new Answer(failure.status(), failure.text(), 0, Result.ofStatus(failure.status()));
      case NotReadyException notReady ->
          new Answer(
              503,
              message(notReady, "store not ready"),
              Math.max(1, notReady.retryAfter().plusMillis(999).toSeconds()),
              Result.NOT_READY);
      case NotLeaderException _ -> new Answer(503, "leader not found", 1, Result.NO_LEADER);
      case CommitUnknownException unknown ->
          new Answer(
              503,
              "outcome unknown, the write may still be applied: "
                  + message(unknown, "no answer from the leader"),
              0,
              Result.UNKNOWN);
      case RequestRefusedException refused ->
          new Answer(400, message(refused, "refused"), 0, Result.BAD_REQUEST);
      case SqliteException.InvalidDatabase invalid ->
          new Answer(
              400,
              "not a sound SQLite database: " + message(invalid, "no reason is known"),
              0,
              Result.BAD_REQUEST);
      case SqliteException.InvalidText invalid ->
          new Answer(400, message(invalid, "the SQL text is not UTF-8"), 0, Result.BAD_REQUEST);
      case SqliteException.CopyRevoked _ ->
          new Answer(503, "the copy was given up, try again", 1, Result.NOT_READY);
      case SqliteException fault -> {
        log.warn("The database of this node failed a request", fault);
        yield new Answer(500, message(fault, "database failure"), 0, Result.ERROR);
      }
      case IllegalArgumentException illegal -> {
        log.debug("A request was refused as malformed", illegal);
        yield new Answer(400, message(illegal, "invalid request"), 0, Result.BAD_REQUEST);
      }
      case IOException broken -> {
        log.debug("A client went away", broken);
        yield new Answer(400, "unexpected end of request", 0, Result.BAD_REQUEST);
      }
      default -> {
        String id = UUID.randomUUID().toString();
        log.error("A request failed unexpectedly, error {}", id, e);
        yield new Answer(500, "internal error " + id, 0, Result.ERROR);
      }
    };
  }

  private static String message(Exception e, String otherwise) {
    @Nullable String message = e.getMessage();
    return message == null || message.isBlank() ? otherwise : message;
  }
}
