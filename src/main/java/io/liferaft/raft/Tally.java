package io.liferaft.raft;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What this node has done since its start, for metrics only. Safe for use by many threads. */
final class Tally {

  /** What is counted; also the values of a metric's tag. */
  enum Event {
    /** A copy of this node's own database for a client or a backup. */
    COPY,
    /** A client's database file, sent from here into the log. */
    LOAD,
    /** The leader's copy became the database. */
    INSTALL,
    /** The process started with the database it found. */
    START_REUSED,
    /** A database could not be used as it was, and is built anew from another node's. */
    START_REBUILT,
    /** Another leader than before is known, or none. */
    LEADER_CHANGE,
    /** The leader's process was found ended; this node stood for election for that. */
    LEADER_ENDED,
    /** A snapshot was taken, asked for or not. */
    SNAPSHOT,
    /** A node asked this leader for admission. */
    JOIN_REQUEST,
    /** It was a member already. */
    JOIN_IGNORED,
    /** Who had its id or address was removed for it. */
    JOIN_REPLACED,
    /** It became a member. */
    JOIN,
    /** A silent member was removed. */
    REAPED,
    /** A silent member could not be removed. */
    REAP_FAILED;

    String tag() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Calls that are passed on to the leader; also the values of a metric's tag. */
  enum Call {
    EXECUTION,
    QUERY,
    REQUEST,
    BACKUP,
    LOAD,
    STEPDOWN,
    REMOVAL;

    String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private record Ends(LongAdder ok, LongAdder failed) {}

  private final Map<Event, LongAdder> events = new EnumMap<>(Event.class);
  private final Map<Call, Ends> forwarded = new EnumMap<>(Call.class);
  private final AtomicBoolean opened = new AtomicBoolean();
  private final AtomicReference<@Nullable String> leader = new AtomicReference<>();

  Tally() {
    for (Event event : Event.values()) {
      events.put(event, new LongAdder());
    }
    for (Call call : Call.values()) {
      forwarded.put(call, new Ends(new LongAdder(), new LongAdder()));
    }
  }

  void count(Event event) {
    Objects.requireNonNull(events.get(event)).increment();
  }

  long of(Event event) {
    return Objects.requireNonNull(events.get(event)).sum();
  }

  /** The database is open; only the first time is the start. */
  void opened(boolean asFound) {
    if (opened.compareAndSet(false, true) && asFound) {
      count(Event.START_REUSED);
    }
  }

  /**
   * @param id null when none is known any more
   */
  void leader(@Nullable String id) {
    if (!Objects.equals(leader.getAndSet(id), id)) {
      count(Event.LEADER_CHANGE);
    }
  }

  /** Runs what asks the leader, and counts how it ends. */
  <T> T forwarding(Call call, Supplier<T> there) {
    Ends ends = Objects.requireNonNull(forwarded.get(call));
    boolean answered = false;
    try {
      T answer = there.get();
      answered = true;
      return answer;
    } finally {
      (answered ? ends.ok() : ends.failed()).increment();
    }
  }

  long forwarded(Call call, boolean answered) {
    Ends ends = Objects.requireNonNull(forwarded.get(call));
    return (answered ? ends.ok() : ends.failed()).sum();
  }
}
