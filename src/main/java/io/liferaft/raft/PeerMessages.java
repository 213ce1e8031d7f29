package io.liferaft.raft;

import io.liferaft.security.Caller;
import io.liferaft.security.Credentials;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.security.Permission;
import io.liferaft.sqlite.SqlForm;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What goes over the wire between {@link Peers} and {@link PeerDispatch}: the numbers of calls and
 * of what became of them, and both ends of each encoding. A call begins with its number, an answer
 * with what became of the call. Nodes of an older version read them: numbers and encodings stay.
 */
final class PeerMessages {

  static final int WHO = 1;
  static final int APPEND = 2;
  static final int QUERY = 3;
  static final int COPY_OPEN = 4;
  static final int COPY_READ = 5;
  static final int COPY_CLOSE = 6;
  static final int TRANSFER = 7;
  static final int PREPARE_ADMISSION = 8;
  static final int ADMIT = 9;
  static final int COMPARE = 10;

  /** Stands before a request that is not the node's own: its caller follows. */
  static final int FOR_CALLER = 11;

  static final int INTRODUCE = 12;
  static final int REMOVE = 13;
  static final int REMOVED = 14;
  static final int KNOWS = 15;
  static final int LEADER_ENDED = 16;

  /** Several of {@link #APPEND}, each as it would be sent alone; so are the answers. */
  static final int APPEND_TOGETHER = 17;

  static final int OK = 0;
  static final int NOT_LEADER = 1;
  static final int NOT_READY = 2;
  static final int UNKNOWN_FATE = 3;
  static final int REFUSED = 4;
  static final int FAILED = 5;
  static final int NOT_AUTHORIZED = 6;

  private PeerMessages() {}

  static void write(WireWriter out, Caller caller) {
    out.string(caller.credentials().username())
        .string(caller.credentials().password())
        .strings(caller.needed().stream().map(Permission::name).toList());
  }

  static Caller readCaller(WireReader in) throws IOException {
    Credentials credentials = new Credentials(in.string(), in.string());
    Set<Permission> needed = EnumSet.noneOf(Permission.class);
    for (String name : in.strings()) {
      needed.add(Permission.valueOf(name));
    }
    return new Caller(credentials, needed);
  }

  /** Throws what the other end has answered, unless that is what was asked for. */
  static void check(WireReader in) throws IOException {
    int status = in.int32();
    switch (status) {
      case OK -> {}
      case NOT_LEADER -> throw new NotLeaderException(in.string());
      case NOT_READY -> throw new NotReadyException(in.string(), Duration.ofMillis(in.int64()));
      case UNKNOWN_FATE -> throw new CommitUnknownException(in.string(), null);
      case REFUSED -> throw new RequestRefusedException(in.string());
      case NOT_AUTHORIZED -> throw new NotAuthorizedException();
      default -> throw new IllegalStateException("on the leader: " + in.string());
    }
  }

  static WireWriter failure(int status, Exception e) {
    String message = e.getMessage();
    return new WireWriter().int32(status).string(message == null ? e.toString() : message);
  }

  static void write(WireWriter out, PeerAnswer answer) {
    out.string(answer.id()).string(answer.raftAddress()).string(answer.httpUrl());
    out.string(answer.version()).string(answer.standing().name()).string(answer.groupId());
    out.strings(answer.formerGroups())
        .string(answer.clusterId())
        .int64(answer.lastIndex())
        .bool(answer.voter());
    out.bool(answer.leads()).optionalString(answer.leaderId());
    out.optionalString(answer.leaderAddress()).bool(answer.hasData());
    out.strings(
        answer.candidates().entrySet().stream()
            .map(one -> one.getKey() + "=" + one.getValue())
            .toList());
    PeerAnswer.Offer offer = answer.offer();
    out.bool(offer != null);
    if (offer != null) {
      out.string(offer.list()).int64(offer.lastTerm()).int64(offer.lastIndex());
    }
    out.optionalString(answer.problem());
  }

  static PeerAnswer readAnswer(WireReader in) throws IOException {
    return new PeerAnswer(
        in.string(),
        in.string(),
        in.string(),
        in.string(),
        PeerAnswer.Standing.valueOf(in.string()),
        in.string(),
        in.strings(),
        in.string(),
        in.int64(),
        in.bool(),
        in.bool(),
        in.optionalString(),
        in.optionalString(),
        in.bool(),
        addresses(in.strings()),
        in.bool() ? new PeerAnswer.Offer(in.string(), in.int64(), in.int64()) : null,
        in.optionalString());
  }

  private static Map<String, String> addresses(List<String> pairs) {
    Map<String, String> addresses = new HashMap<>();
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      addresses.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return addresses;
  }

  static WireWriter write(WireWriter out, SqlRequest request) {
    out.string(request.form().name()).bool(request.transaction()).string(request.level().name());
    out.int64(request.timeout().toMillis()).int64(request.linearizableTimeout().toMillis());
    Duration limit = request.statementTimeout();
    return out.int64(limit == null ? -1 : limit.toMillis()).statements(request.statements());
  }

  static SqlRequest readRequest(WireReader in) throws IOException {
    SqlForm form = SqlForm.valueOf(in.string());
    boolean transaction = in.bool();
    ReadLevel level = ReadLevel.valueOf(in.string());
    Duration timeout = Duration.ofMillis(in.int64());
    Duration linearizableTimeout = Duration.ofMillis(in.int64());
    long limit = in.int64();
    return new SqlRequest(
        in.statements(),
        form,
        transaction,
        level,
        null,
        false,
        timeout,
        linearizableTimeout,
        limit < 0 ? null : Duration.ofMillis(limit));
  }
}
