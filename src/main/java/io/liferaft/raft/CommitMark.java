package io.liferaft.raft;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.ProtoUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's last entry of the commit index: Ratis' own kind, by which a node knows when it
 * starts what had been committed. One thread.
 */
final class CommitMark {

  /** A follower that is down or paused is told when it answers again. */
  private static final long SILENT_MILLIS = 500;

  private static final Logger log = LoggerFactory.getLogger(CommitMark.class);

  private final RaftServer server;
  private final AtomicInteger holds = new AtomicInteger();
  private long term = -1;

  /** The log up to here holds nothing committed that it does not say itself. */
  private long covered = -1;

  CommitMark(RaftServer server) {
    this.server = server;
  }

  /**
   * Appends one and has it sent, when this node leads others and has committed anything since the
   * last. May wait for room in the log's queue.
   *
   * @param read any read of the group
   * @return false when leadership is just being handed on
   */
  boolean make(RaftServer.Division division, RaftClientRequest read) {
    List<ServerRpcProto> followers;
    // Ratis holds the same monitor where a leader appends, and where its leadership ends.
    synchronized (division) {
      if (holds.get() > 0) {
        return false;
      }
      DivisionInfo info = division.getInfo();
      if (!info.isLeaderReady()) {
        return true;
      }
      followers = info.getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
      if (followers.isEmpty() || !append(division.getRaftLog(), info.getCurrentTerm())) {
        return true;
      }
    }
    for (ServerRpcProto follower : followers) {
      if (follower.getLastRpcElapsedTimeMs() < SILENT_MILLIS) {
        send(division, follower.getId().getId(), read);
      }
    }
    return true;
  }

  /**
   * None is appended until {@link #release}: a follower that leadership is handed to would be
   * refused the vote for want of it.
   */
  void hold() {
    var _ = holds.incrementAndGet();
  }

  void release() {
    var _ = holds.decrementAndGet();
  }

  private boolean append(RaftLog raftLog, long current) {
    long committed = raftLog.getLastCommittedIndex();
    if (term == current && committed <= covered) {
      return false;
    }
    long index = raftLog.appendMetadata(current, committed);
    term = current;
    covered = Math.max(index, committed);
    return true;
  }

  /**
   * Ratis sends a follower that has asked for the leader's commit index a message with it, and with
   * what is new in the log, before anything else would.
   */
  private void send(RaftServer.Division division, ByteString follower, RaftClientRequest read) {
    try {
      CompletableFuture<?> _ =
          server.readIndexAsync(
              ReadIndexRequestProto.newBuilder()
                  .setServerRequest(
                      RaftRpcRequestProto.newBuilder()
                          .setRequestorId(follower)
                          .setReplyId(division.getId().toByteString())
                          .setRaftGroupId(
                              ProtoUtils.toRaftGroupIdProtoBuilder(
                                  division.getMemberId().getGroupId())))
                  .setClientRequest(ClientProtoUtils.toRaftClientRequestProto(read))
                  .build());
    } catch (IOException e) {
      log.debug("The group is being closed", e);
    }
  }
}
