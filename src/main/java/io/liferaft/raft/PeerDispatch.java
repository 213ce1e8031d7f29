package io.liferaft.raft;

import static io.liferaft.raft.PeerMessages.ADMIT;
import static io.liferaft.raft.PeerMessages.APPEND;
import static io.liferaft.raft.PeerMessages.APPEND_TOGETHER;
import static io.liferaft.raft.PeerMessages.COMPARE;
import static io.liferaft.raft.PeerMessages.COPY_CLOSE;
import static io.liferaft.raft.PeerMessages.COPY_OPEN;
import static io.liferaft.raft.PeerMessages.COPY_READ;
import static io.liferaft.raft.PeerMessages.FAILED;
import static io.liferaft.raft.PeerMessages.FOR_CALLER;
import static io.liferaft.raft.PeerMessages.INTRODUCE;
import static io.liferaft.raft.PeerMessages.KNOWS;
import static io.liferaft.raft.PeerMessages.LEADER_ENDED;
import static io.liferaft.raft.PeerMessages.NOT_AUTHORIZED;
import static io.liferaft.raft.PeerMessages.NOT_LEADER;
import static io.liferaft.raft.PeerMessages.NOT_READY;
import static io.liferaft.raft.PeerMessages.OK;
import static io.liferaft.raft.PeerMessages.PREPARE_ADMISSION;
import static io.liferaft.raft.PeerMessages.QUERY;
import static io.liferaft.raft.PeerMessages.REFUSED;
import static io.liferaft.raft.PeerMessages.REMOVE;
import static io.liferaft.raft.PeerMessages.REMOVED;
import static io.liferaft.raft.PeerMessages.TRANSFER;
import static io.liferaft.raft.PeerMessages.UNKNOWN_FATE;
import static io.liferaft.raft.PeerMessages.WHO;

import io.liferaft.security.Caller;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.sqlite.SqlResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/** The other end of {@link Peers}: hands calls that arrive to {@link Local}. */
final class PeerDispatch {

  /** What this node does for others. */
  interface Local {
    PeerAnswer answer();

    /**
     * Whether the one for whom another node asks may do that here.
     *
     * @throws NotAuthorizedException when not
     */
    void check(Caller caller);

    Peers.Appended append(LogCommand command, Duration timeout);

    /**
     * Appends what is to be together where it fits.
     *
     * @return for each what waits until it is applied
     */
    List<Supplier<Peers.Appended>> appendTogether(List<Peers.Write> writes);

    SqlReply queryHere(SqlRequest request);

    /** See {@link Copies#open}. */
    Peers.CopyTicket openCopy(boolean install, Duration timeout);

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

    Peers.LeaderView compare(String peerId, long index);

    /** See {@link LeaderWatch#verdict}. */
    LeaderWatch.Verdict leaderEnded(
        String leaderPeerId, long term, TermIndex candidateLast, String candidatePeerId);
  }

  private PeerDispatch() {}

  /** Answers calls with what {@code local} does. */
  static PeerRpc.Handler handler(Local local) {
    return request -> answered(out -> answer(new WireReader(request), out, local));
  }

  private interface Answer {
    void write(WireWriter out) throws IOException;
  }

  /** An answer, or what has become of the call instead. */
  private static byte[] answered(Answer answer) {
    try {
      WireWriter out = new WireWriter().int32(OK);
      answer.write(out);
      return out.toByteArray();
    } catch (NotLeaderException e) {
      return PeerMessages.failure(NOT_LEADER, e).toByteArray();
    } catch (NotReadyException e) {
      return PeerMessages.failure(NOT_READY, e).int64(e.retryAfter().toMillis()).toByteArray();
    } catch (CommitUnknownException e) {
      return PeerMessages.failure(UNKNOWN_FATE, e).toByteArray();
    } catch (RequestRefusedException e) {
      return PeerMessages.failure(REFUSED, e).toByteArray();
    } catch (NotAuthorizedException e) {
      return PeerMessages.failure(NOT_AUTHORIZED, e).toByteArray();
    } catch (RuntimeException | IOException e) {
      return PeerMessages.failure(FAILED, e).toByteArray();
    }
  }

  private static void answer(WireReader in, WireWriter out, Local local) throws IOException {
    int type = in.int32();
    if (type == FOR_CALLER) {
      local.check(PeerMessages.readCaller(in));
      type = in.int32();
    }
    switch (type) {
      case WHO -> PeerMessages.write(out, local.answer());
      case APPEND -> {
        Duration timeout = Duration.ofMillis(in.int64());
        write(out, local.append(LogCommandCodec.decode(in.bytes()), timeout));
      }
      case APPEND_TOGETHER -> appendTogether(in, out, local);
      case QUERY -> {
        SqlReply reply = local.queryHere(PeerMessages.readRequest(in));
        List<SqlResult> results = reply.results();
        out.results(results).optionalString(reply.error()).int64(reply.raftIndex());
      }
      case COPY_OPEN -> {
        Peers.CopyTicket ticket = local.openCopy(in.bool(), Duration.ofMillis(in.int64()));
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
        PeerMessages.write(out, local.answer());
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
        Peers.LeaderView view = local.compare(in.string(), in.int64());
        out.int64(view.term()).int64(view.fingerprint()).int64(view.written());
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

  private static void write(WireWriter out, Peers.Appended appended) {
    Applied.write(out, appended.applied());
    out.int64(appended.index());
  }

  /** Each is checked, and answered, as if it had come alone. */
  private static void appendTogether(WireReader in, WireWriter out, Local local)
      throws IOException {
    List<Peers.Write> writes = new ArrayList<>();
    List<Boolean> allowed = new ArrayList<>();
    int count = in.count();
    for (int i = 0; i < count; i++) {
      WireReader one = new WireReader(in.bytes());
      int type = one.int32();
      boolean may = true;
      if (type == FOR_CALLER) {
        may = allows(local, PeerMessages.readCaller(one));
        type = one.int32();
      }
      Duration timeout = Duration.ofMillis(one.int64());
      if (type != APPEND
          || !(LogCommandCodec.decode(one.bytes()) instanceof LogCommand.Execute command)) {
        throw new IOException("only statements are sent together");
      }
      allowed.add(may);
      if (may) {
        writes.add(
            new Peers.Write(
                command,
                LogCommandCodec.body(command.form(), command.transaction(), command.statements()),
                timeout));
      }
    }
    Iterator<Supplier<Peers.Appended>> appended = local.appendTogether(writes).iterator();
    for (boolean may : allowed) {
      out.bytes(
          answered(one -> {
            if (!may) {
              throw new NotAuthorizedException();
            }
            write(one, appended.next().get());
          }));
    }
  }

  private static boolean allows(Local local, Caller caller) {
    try {
      local.check(caller);
      return true;
    } catch (NotAuthorizedException e) {
      return false;
    }
  }
}
