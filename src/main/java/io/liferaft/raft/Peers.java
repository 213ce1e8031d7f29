package io.liferaft.raft;

import static io.liferaft.raft.PeerMessages.ADMIT;
import static io.liferaft.raft.PeerMessages.APPEND;
import static io.liferaft.raft.PeerMessages.COMPARE;
import static io.liferaft.raft.PeerMessages.COPY_CLOSE;
import static io.liferaft.raft.PeerMessages.COPY_OPEN;
import static io.liferaft.raft.PeerMessages.COPY_READ;
import static io.liferaft.raft.PeerMessages.FOR_CALLER;
import static io.liferaft.raft.PeerMessages.INTRODUCE;
import static io.liferaft.raft.PeerMessages.KNOWS;
import static io.liferaft.raft.PeerMessages.LEADER_ENDED;
import static io.liferaft.raft.PeerMessages.PREPARE_ADMISSION;
import static io.liferaft.raft.PeerMessages.QUERY;
import static io.liferaft.raft.PeerMessages.REMOVE;
import static io.liferaft.raft.PeerMessages.REMOVED;
import static io.liferaft.raft.PeerMessages.TRANSFER;
import static io.liferaft.raft.PeerMessages.WHO;

import io.liferaft.security.Caller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes ask of each other: typed calls on top of {@link PeerRpc}, which {@link PeerDispatch}
 * answers at the other end. Failures arrive as the exceptions that a local call would have thrown.
 */
final class Peers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Peers.class);

  /**
   * What the leader knows that a follower can be held against.
   *
   * @param term of the entry that was asked for in the leader's log, or one of the two below
   * @param fingerprint of that entry, see {@link EntryFingerprint}
   * @param written the last entry that the follower has told this leader is on its disk; -1 for
   *     none
   * @param member whether the leader's configuration names the follower
   */
  record LeaderView(long term, long fingerprint, long written, boolean member) {
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

  /** Statements of a client's that are to be appended, with their encoding and time. */
  record Write(LogCommand.Execute command, byte[] body, Duration timeout) {}

  private final PeerRpc rpc;
  private final LeaderCalls leader;
  private final GatheredCalls gathered;

  Peers(PeerTls tls) {
    rpc = new PeerRpc(tls);
    leader = new LeaderCalls(rpc, this::answers);
    gathered = new GatheredCalls(leader::call);
  }

  private boolean answers(String address, Duration timeout) {
    try {
      byte[] _ = rpc.call(address, request(WHO).toByteArray(), timeout);
      return true;
    } catch (PeerRpc.UnreachableException _) {
      return false;
    }
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
      PeerMessages.check(in);
      return PeerMessages.readAnswer(in);
    } catch (PeerRpc.UnreachableException e) {
      return PeerAnswer.unreachable(address, e.reason());
    } catch (IOException e) {
      throw new UncheckedIOException("an answer between nodes cannot be read", e);
    }
  }

  Appended append(String address, byte[] command, Duration timeout) {
    return append(leader::call, address, command, timeout);
  }

  /** The same for statements with a short answer: what comes meanwhile travels together. */
  Appended appendTogether(String address, byte[] command, Duration timeout) {
    return append(gathered::call, address, command, timeout);
  }

  private static Appended append(
      GatheredCalls.Wire wire, String address, byte[] command, Duration timeout) {
    WireWriter out = clientRequest(APPEND).int64(timeout.toMillis()).bytes(command);
    return call(
        wire, address, out, timeout, true, in -> new Appended(Applied.read(in), in.int64()));
  }

  SqlReply query(String address, SqlRequest request, Duration timeout) {
    WireWriter out = PeerMessages.write(clientRequest(QUERY), request);
    return call(
        leader::call,
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
        leader::call,
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
    Boolean _ = call(leader::call, address, out, timeout, false, _ -> true);
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
    Boolean _ = call(leader::call, address, out, timeout, false, _ -> true);
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

  /** What a leader is asked, and when that ends because another one leads. */
  LeaderCalls leaderCalls() {
    return leader;
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
    return call(rpc::call, address, request, timeout, changes, read);
  }

  private static <T> T call(
      GatheredCalls.Wire wire,
      String address,
      WireWriter request,
      Duration timeout,
      boolean changes,
      Read<T> read) {
    try {
      WireReader in = new WireReader(wire.call(address, request.toByteArray(), timeout));
      PeerMessages.check(in);
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
    Caller.current().ifPresent(caller -> PeerMessages.write(out.int32(FOR_CALLER), caller));
    return out.int32(type);
  }
}
