package io.liferaft.raft;

import io.liferaft.sqlite.EntryOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/**
 * What applying an entry came to. Stays in the process, except when it answers a forwarded call.
 */
sealed interface Applied {

  /** One request's outcome. */
  record Sql(EntryOutcome outcome) implements Applied {}

  /** The outcomes of a batch, in its order. */
  record SqlBatch(List<EntryOutcome> outcomes) implements Applied {}

  record Done() implements Applied {}

  /**
   * The command did not apply in this state; nothing changed.
   *
   * @param passing whether the same may be tried again later
   */
  record Refused(String message, boolean passing) implements Applied {

    /** What to tell the caller. */
    RuntimeException exception() {
      return passing
          ? new NotReadyException(message, Duration.ofSeconds(1))
          : new RequestRefusedException(message);
    }
  }

  /** Carries an outcome through Ratis without encoding it: the reply never leaves the process. */
  record Reply(Applied applied, long index) implements Message {
    @Override
    public ByteString getContent() {
      return ByteString.EMPTY;
    }
  }

  static void write(WireWriter out, Applied applied) {
    switch (applied) {
      case Sql(var outcome) -> outcome(out.int32(0), outcome);
      case SqlBatch(var outcomes) -> {
        out.int32(1).int32(outcomes.size());
        outcomes.forEach(outcome -> outcome(out, outcome));
      }
      case Done() -> out.int32(2);
      case Refused(var message, var passing) -> out.int32(3).string(message).bool(passing);
    }
  }

  static Applied read(WireReader in) throws IOException {
    int type = in.int32();
    return switch (type) {
      case 0 -> new Sql(outcome(in));
      case 1 -> {
        int count = in.int32();
        List<EntryOutcome> outcomes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
          outcomes.add(outcome(in));
        }
        yield new SqlBatch(outcomes);
      }
      case 2 -> new Done();
      case 3 -> new Refused(in.string(), in.bool());
      default -> throw new IOException("unknown outcome " + type);
    };
  }

  private static void outcome(WireWriter out, EntryOutcome outcome) {
    out.results(outcome.results()).optionalString(outcome.error()).bool(outcome.changed());
  }

  private static EntryOutcome outcome(WireReader in) throws IOException {
    return new EntryOutcome(in.results(), in.optionalString(), in.bool());
  }
}
