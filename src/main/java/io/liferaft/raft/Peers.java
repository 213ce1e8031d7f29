package io.liferaft.raft;

import io.liferaft.security.Caller;
import io.liferaft.security.Credentials;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.security.Permission;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes ask of each other, both ends of it: typed calls on top of {@link PeerRpc}, and the
 * dispatch of calls that arrive to {@link Local}. Failures arrive as the exceptions that a local
 * call would have thrown.
 */
final class Peers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Peers.class);

  /** What this node does for others. */
  interface Local {
    PeerAnswer answer();

    /**
     * Whether the one for whom another node asks may do that here.
     *
     * @throws NotAuthorizedException when not
     */
    void check(Caller caller);

    Appended append(LogCommand command, Duration timeout);

    SqlReply queryHere(SqlRequest request);

    /** See {@link Copies#open}. */
    CopyTicket openCopy(boolean install, Duration timeout);

    byte[] readCopy(long ticket, boolean load, long offset, int length);

    void closeCopy(long ticket);

    void transferHere(@Nullable String id, Duration timeout);

    /** Another node that looks for a cluster has said who it is. */
    void introduce(String id, String raftAddress);

    /**
     * Makes room for a newcomer.
     *
     * @throws NotAuthorizedException when it may not join
     */
    Admissions.Room prepareAdmission(Newcomer newcomer);

    void admit(Newcomer newcomer);

    void remove(String nodeId, Duration timeout);

    /** This node has been removed from a group. */
    void removed(String groupId);

    LeaderView compare(String peerId, long index);

    /** See {@link LeaderWatch#verdict}. */
    LeaderWatch.Verdict leaderEnded(
        String leaderPeerId, long term, TermIndex candidateLast, String candidatePeerId);
  }

  /**
   * What the leader knows that a follower can be held against.
   *
   * @param term of the entry that was asked for in the leader's log, or one of the two below
   * @param fingerprint of that entry, see {@link EntryFingerprint}
   * @param reported the highest commit index that the follower has reported to this leader; -1 for
   *     none
   * @param member whether the leader's configuration names the follower
   */
  record LeaderView(long term, long fingerprint, long reported, boolean member) {
    /** That entry has been purged. */
    static final long PURGED = -1;

    /** The leader's log ends before that entry. */
    static final long MISSING = -2;

    /**
     * Whether the leader has something else in this entry's place, or nothing. A term alone does
     * not tell: a disk that is set back forgets in which terms its node has voted.
     */
    boolean contradicts(OwnEnd own) {
      boolean otherEntry =
          own.fingerprint() != EntryFingerprint.UNKNOWN
              && fingerprint != EntryFingerprint.UNKNOWN
              && own.fingerprint() != fingerprint;
      return term != PURGED && (term != own.applied().getTerm() || otherEntry);
    }
  }

  /** An entry that has been applied on the leader. */
  record Appended(Applied applied, long index) {}

  /**
   * A copy that the leader holds ready for pages to be read.
   *
   * @param record payload of the record the copy belongs to
   * @param foreignKeys see {@link io.liferaft.sqlite.DatabaseCopy#foreignKeys}
   */
  record CopyTicket(long ticket, byte[] record, long sizeBytes, boolean foreignKeys) {}

  private static final int WHO = 1;
  private static final int APPEND = 2;
  private static final int QUERY = 3;
  private static final int COPY_OPEN = 4;
  private static final int COPY_READ = 5;
  private static final int COPY_CLOSE = 6;
  private static final int TRANSFER = 7;
  private static final int PREPARE_ADMISSION = 8;
  private static final int ADMIT = 9;
  private static final int COMPARE = 10;

  /** Stands before a request that is not the node's own: its caller follows. */
  private static final int FOR_CALLER = 11;

  private static final int INTRODUCE = 12;
  private static final int REMOVE = 13;
  private static final int REMOVED = 14;
  private static final int KNOWS = 15;
  private static final int LEADER_ENDED = 16;

  private static final int OK = 0;
  private static final int NOT_LEADER = 1;
  private static final int NOT_READY = 2;
  private static final int UNKNOWN_FATE = 3;
  private static final int REFUSED = 4;
  private static final int FAILED = 5;
  private static final int NOT_AUTHORIZED = 6;

  private final PeerRpc rpc;

  Peers(PeerTls tls) {
    rpc = new PeerRpc(tls);
  }

  PeerAnswer who(String address, Duration timeout) {
    return who(address, request(WHO), timeout);
  }

  /** The same, and says who asks. */
  PeerAnswer who(String address, String ownId, String ownAddress, Duration timeout) {
    return who(address, request(INTRODUCE).string(ownId).string(ownAddress), timeout);
  }

  private PeerAnswer who(String address, WireWriter request, Duration timeout) {
    try {
      WireReader in = new WireReader(rpc.call(address, request.toByteArray(), timeout));
      check(in);
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
    } catch (PeerRpc.UnreachableException e) {
      return PeerAnswer.unreachable(address, e.reason());
    } catch (IOException e) {
      throw new UncheckedIOException("an answer between nodes cannot be read", e);
    }
  }

  Appended append(String address, byte[] command, Duration timeout) {
    WireWriter out = clientRequest(APPEND).int64(timeout.toMillis()).bytes(command);
    return call(address, out, timeout, true, in -> new Appended(Applied.read(in), in.int64()));
  }

  SqlReply query(String address, SqlRequest request, Duration timeout) {
    WireWriter out = clientRequest(QUERY);
    out.string(request.form().name()).bool(request.transaction()).string(request.level().name());
    out.int64(request.timeout().toMillis()).int64(request.linearizableTimeout().toMillis());
    Duration limit = request.statementTimeout();
    out.int64(limit == null ? -1 : limit.toMillis()).statements(request.statements());
    return call(
        address,
        out,
        timeout,
        false,
        in -> new SqlReply(in.results(), in.optionalString(), in.int64(), address));
  }

  /**
   * @param install see {@link Copies#open}
   */
  CopyTicket openCopy(String address, boolean install, Duration timeout) {
    WireWriter out = clientRequest(COPY_OPEN).bool(install).int64(timeout.toMillis());
    return call(
        address,
        out,
        timeout,
        false,
        in -> new CopyTicket(in.int64(), in.bytes(), in.int64(), in.bool()));
  }

  /** Bytes of the copy, or of the staging file of its open load; empty at the end. */
  byte[] readCopy(
      String address, long ticket, boolean load, long offset, int length, Duration timeout) {
    WireWriter out = request(COPY_READ).int64(ticket).bool(load).int64(offset).int32(length);
    return call(
        address,
        out,
        timeout,
        false,
        in -> {
          byte[] sha256 = in.bytes();
          byte[] bytes = in.bytes();
          if (!java.util.Arrays.equals(sha256, OpenLoad.newSha256().digest(bytes))) {
            throw new IOException("a page of the copy was damaged on its way");
          }
          return bytes;
        });
  }

  void closeCopy(String address, long ticket, Duration timeout) {
    Boolean _ = call(address, request(COPY_CLOSE).int64(ticket), timeout, false, _ -> true);
  }

  void transfer(String address, @Nullable String id, Duration timeout) {
    WireWriter out = clientRequest(TRANSFER).optionalString(id).int64(timeout.toMillis());
    Boolean _ = call(address, out, timeout, false, _ -> true);
  }

  private static Map<String, String> addresses(List<String> pairs) {
    Map<String, String> addresses = new HashMap<>();
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      addresses.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return addresses;
  }

  Admissions.Room prepareAdmission(String address, Newcomer newcomer, Duration timeout) {
    WireWriter out = request(PREPARE_ADMISSION);
    newcomer.write(out);
    return call(
        address,
        out,
        timeout,
        false,
        in -> {
          String group = in.string();
          List<String> peerIds = in.strings();
          List<NodeStatus.Member> members = new ArrayList<>();
          for (String peerId : peerIds) {
            members.add(
                new NodeStatus.Member(NodeIdentity.nodeId(peerId), in.string(), in.string(), true));
          }
          return new Admissions.Room(group, members, peerIds);
        });
  }

  void admit(String address, Newcomer newcomer, Duration timeout) {
    WireWriter out = request(ADMIT);
    newcomer.write(out);
    Boolean _ = call(address, out, timeout, false, _ -> true);
  }

  void remove(String address, String nodeId, Duration timeout) {
    WireWriter out = clientRequest(REMOVE).string(nodeId).int64(timeout.toMillis());
    Boolean _ = call(address, out, timeout, false, _ -> true);
  }

  /** Tells a node that it has been removed from a group; when it cannot be told it finds out. */
  void removed(String address, String groupId, Duration timeout) {
    try {
      Boolean _ = call(address, request(REMOVED).string(groupId), timeout, false, _ -> true);
    } catch (RuntimeException e) {
      log.debug("The removed node at {} was not told: {}", address, e.toString());
    }
  }

  /**
   * Whether a node can read log entries of a type.
   *
   * @throws RequestRefusedException when it is too old to know the question
   */
  boolean knows(String address, int entryType, Duration timeout) {
    return call(address, request(KNOWS).int32(entryType), timeout, false, WireReader::bool);
  }

  LeaderView compare(String address, OwnEnd own, Duration timeout) {
    WireWriter out = request(COMPARE).string(own.peerId()).int64(own.applied().getIndex());
    return call(
        address,
        out,
        timeout,
        false,
        in -> new LeaderView(in.int64(), in.int64(), in.int64(), in.bool()));
  }

  /** Whether there is a connection to a node; asks for one otherwise. Does not wait. */
  boolean connected(String address) {
    return rpc.connected(address);
  }

  /**
   * Whether another voter has found the leader of a term ended, too.
   *
   * @param last entry of this node's log
   * @param own id of this peer
   * @throws RequestRefusedException when it is too old to know the question
   */
  LeaderWatch.Verdict leaderEnded(
      String address,
      String leaderPeerId,
      long term,
      TermIndex last,
      String own,
      Duration timeout) {
    WireWriter out =
        request(LEADER_ENDED)
            .string(leaderPeerId)
            .int64(term)
            .int64(last.getTerm())
            .int64(last.getIndex())
            .string(own);
    return call(address, out, timeout, false, in -> LeaderWatch.Verdict.valueOf(in.string()));
  }

  @Override
  public void close() {
    rpc.close();
  }

  private interface Read<T> {
    T read(WireReader in) throws IOException;
  }

  private <T> T call(
      String address, WireWriter request, Duration timeout, boolean changes, Read<T> read) {
    try {
      WireReader in = new WireReader(rpc.call(address, request.toByteArray(), timeout));
      check(in);
      return read.read(in);
    } catch (PeerRpc.UnreachableException e) {
      if (changes && e.sent()) {
        throw new CommitUnknownException(
            "the leader did not answer (%s): the outcome is unknown".formatted(e.getMessage()), e);
      }
      throw new NotLeaderException("leader not reachable: " + e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException("an answer between nodes cannot be read", e);
    }
  }

  private static WireWriter request(int type) {
    return new WireWriter().int32(type);
  }

  /** A request that is the caller's, if this thread works for one. */
  private static WireWriter clientRequest(int type) {
    WireWriter out = new WireWriter();
    Caller.current()
        .ifPresent(caller ->
            out.int32(FOR_CALLER)
                .string(caller.credentials().username())
                .string(caller.credentials().password())
                .strings(caller.needed().stream().map(Permission::name).toList()));
    return out.int32(type);
  }

  private static Caller caller(WireReader in) throws IOException {
    Credentials credentials = new Credentials(in.string(), in.string());
    Set<Permission> needed = EnumSet.noneOf(Permission.class);
    for (String name : in.strings()) {
      needed.add(Permission.valueOf(name));
    }
    return new Caller(credentials, needed);
  }

  private static void check(WireReader in) throws IOException {
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

  /** The other end: answers calls with what {@code local} does. */
  static PeerRpc.Handler handler(Local local) {
    return request -> {
      try {
        WireWriter out = new WireWriter().int32(OK);
        answer(new WireReader(request), out, local);
        return out.toByteArray();
      } catch (NotLeaderException e) {
        return failure(NOT_LEADER, e).toByteArray();
      } catch (NotReadyException e) {
        return failure(NOT_READY, e).int64(e.retryAfter().toMillis()).toByteArray();
      } catch (CommitUnknownException e) {
        return failure(UNKNOWN_FATE, e).toByteArray();
      } catch (RequestRefusedException e) {
        return failure(REFUSED, e).toByteArray();
      } catch (NotAuthorizedException e) {
        return failure(NOT_AUTHORIZED, e).toByteArray();
      } catch (RuntimeException | IOException e) {
        return failure(FAILED, e).toByteArray();
      }
    };
  }

  private static WireWriter failure(int status, Exception e) {
    String message = e.getMessage();
    return new WireWriter().int32(status).string(message == null ? e.toString() : message);
  }

  private static void answer(WireReader in, WireWriter out, Local local) throws IOException {
    int type = in.int32();
    if (type == FOR_CALLER) {
      local.check(caller(in));
      type = in.int32();
    }
    switch (type) {
      case WHO -> who(out, local.answer());
      case APPEND -> {
        Duration timeout = Duration.ofMillis(in.int64());
        Appended appended = local.append(LogCommandCodec.decode(in.bytes()), timeout);
        Applied.write(out, appended.applied());
        out.int64(appended.index());
      }
      case QUERY -> {
        SqlReply reply = local.queryHere(sqlRequest(in));
        List<SqlResult> results = reply.results();
        out.results(results).optionalString(reply.error()).int64(reply.raftIndex());
      }
      case COPY_OPEN -> {
        CopyTicket ticket = local.openCopy(in.bool(), Duration.ofMillis(in.int64()));
        out.int64(ticket.ticket()).bytes(ticket.record()).int64(ticket.sizeBytes());
        out.bool(ticket.foreignKeys());
      }
      case COPY_READ -> {
        byte[] bytes = local.readCopy(in.int64(), in.bool(), in.int64(), in.int32());
        out.bytes(OpenLoad.newSha256().digest(bytes)).bytes(bytes);
      }
      case COPY_CLOSE -> local.closeCopy(in.int64());
      case TRANSFER -> local.transferHere(in.optionalString(), Duration.ofMillis(in.int64()));
      case INTRODUCE -> {
        local.introduce(in.string(), in.string());
        who(out, local.answer());
      }
      case PREPARE_ADMISSION -> {
        Admissions.Room room = local.prepareAdmission(Newcomer.read(in));
        out.string(room.groupId()).strings(room.peerIds());
        for (NodeStatus.Member member : room.members()) {
          out.string(member.raftAddress()).string(member.httpAddress());
        }
      }
      case REMOVE -> local.remove(in.string(), Duration.ofMillis(in.int64()));
      case REMOVED -> local.removed(in.string());
      case COMPARE -> {
        LeaderView view = local.compare(in.string(), in.int64());
        out.int64(view.term()).int64(view.fingerprint()).int64(view.reported());
        out.bool(view.member());
      }
      case ADMIT -> local.admit(Newcomer.read(in));
      case LEADER_ENDED ->
          out.string(
              local
                  .leaderEnded(
                      in.string(),
                      in.int64(),
                      TermIndex.valueOf(in.int64(), in.int64()),
                      in.string())
                  .name());
      case KNOWS -> out.bool(LogCommandCodec.knows(in.int32()));
      default ->
          throw new RequestRefusedException(
              "this node does not know request %d: it runs an older version".formatted(type));
    }
  }

  private static void who(WireWriter out, PeerAnswer answer) {
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

  private static SqlRequest sqlRequest(WireReader in) throws IOException {
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
