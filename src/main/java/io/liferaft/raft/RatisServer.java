package io.liferaft.raft;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.StateMachine;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.ProtoUtils;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;

/**
 * Ratis' server with the settings and calls that this module uses, at most one group in it. Methods
 * that talk to others wait.
 */
final class RatisServer implements AutoCloseable {

  /** Largest entry of the log. */
  static final int MAX_ENTRY_BYTES = 4 * 1024 * 1024;

  static final int WRITE_BUFFER_BYTES = 5 * 1024 * 1024;
  private static final TimeDuration ALONE = TimeDuration.valueOf(20, TimeUnit.MILLISECONDS);

  /**
   * Ratis keeps the entries of the open segment and of the last closed one in memory. What lives no
   * longer than one megabyte of log takes is gone before the collector calls it old.
   */
  static final int SEGMENT_BYTES = 1024 * 1024;

  private final RaftServer server;
  private final RaftPeer self;
  private final RaftProperties properties;
  private final HostPort bind;
  private final Submissions submissions;
  private final CommitMark commitMark;
  private final AtomicLong calls = new AtomicLong();

  RatisServer(
      NodeConfig config,
      NodeIdentity identity,
      Submissions submissions,
      StateMachine.Registry stateMachines,
      ServerServiceDefinition peerService)
      throws IOException {
    this.submissions = submissions;
    this.bind = config.raftBind();
    this.properties = properties(config);
    this.self = peer(identity.peerId(), config.raftAddress(), config.httpAddress());
    Parameters parameters = new Parameters();
    config.tls().configure(parameters);
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters,
        (builder, types) ->
            types.contains(GrpcServices.Type.SERVER) ? builder.addService(peerService) : builder);
    this.server =
        RaftServer.newBuilder()
            .setServerId(self.getId())
            .setOption(org.apache.ratis.server.storage.RaftStorage.StartupOption.RECOVER)
            .setProperties(properties)
            .setParameters(parameters)
            .setStateMachineRegistry(stateMachines)
            .build();
    this.commitMark = new CommitMark(server);
  }

  /** Where a member is reached, as the configuration has it. */
  static Optional<String> address(RaftServer.Division division, @Nullable RaftPeerId id) {
    return Optional.ofNullable(id).map(division.getRaftConf()::getPeer).map(RaftPeer::getAddress);
  }

  static RaftPeer peer(String peerId, String raftAddress, String httpAddress) {
    return RaftPeer.newBuilder()
        .setId(RaftPeerId.valueOf(peerId))
        .setAddress(raftAddress)
        .setClientAddress(httpAddress)
        .build();
  }

  /** The same as a non-voter. */
  static RaftPeer listener(RaftPeer peer) {
    return RaftPeer.newBuilder(peer).setStartupRole(RaftPeerRole.LISTENER).build();
  }

  static Path folder(Path dataDir) {
    return dataDir.resolve("raft");
  }

  /** Of one group. */
  static Path folder(Path dataDir, RaftGroupId id) {
    return folder(dataDir).resolve(id.getUuid().toString());
  }

  /** Where the folders of groups that this node has left are kept. */
  static Path removedGroups(Path dataDir) {
    return dataDir.resolve("raft-removed");
  }

  private static RaftProperties properties(NodeConfig config) {
    RaftProperties p = new RaftProperties();
    File folder = folder(config.dataDir()).toFile();
    RaftServerConfigKeys.setStorageDir(p, List.of(folder));
    RaftServerConfigKeys.setRemovedGroupsDir(p, removedGroups(config.dataDir()).toFile());
    GrpcConfigKeys.Server.setHost(p, listenHost(config.raftBind()));
    GrpcConfigKeys.Server.setPort(p, config.raftBind().port());
    GrpcConfigKeys.setMessageSizeMax(p, SizeInBytes.valueOf(PeerRpc.MAX_MESSAGE_BYTES));
    GrpcConfigKeys.Server.setLeaderOutstandingAppendsMax(p, 8);
    TimeDuration election = duration(config.electionTimeout());
    RaftServerConfigKeys.Rpc.setTimeoutMin(p, election);
    RaftServerConfigKeys.Rpc.setTimeoutMax(p, duration(config.electionTimeout().multipliedBy(2)));
    // A node that has just started need not wait as long: where somebody leads, the others refuse
    // the pre-vote (dissertation section 9.6). A lone node, or all at once, lead a second sooner.
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(
        p, duration(config.electionTimeout().dividedBy(4)));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(
        p, duration(config.electionTimeout().dividedBy(2)));
    RaftServerConfigKeys.Read.setOption(p, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
    RaftServerConfigKeys.Read.setLeaderLeaseEnabled(p, true);
    RaftServerConfigKeys.Read.setLeaderLeaseTimeoutRatio(p, LeaderWatch.LEASE);
    // No call id is used twice here, so no reply is worth keeping: what lives for a second is
    // copied
    // by the collector, again and again, and fills the old generation.
    RaftServerConfigKeys.RetryCache.setExpiryTime(p, TimeDuration.ZERO);
    // Bounds of memory: with the defaults a load ran a heap of 256 MB out of it.
    RaftServerConfigKeys.Write.setByteLimit(p, SizeInBytes.valueOf("16MB"));
    RaftServerConfigKeys.Log.setQueueByteLimit(p, SizeInBytes.valueOf("8MB"));
    RaftServerConfigKeys.Log.setSegmentSizeMax(p, SizeInBytes.valueOf(SEGMENT_BYTES));
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(p, 1);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(p, SizeInBytes.valueOf(2L * SEGMENT_BYTES));
    RaftServerConfigKeys.Log.setPreallocatedSize(p, SizeInBytes.valueOf(SEGMENT_BYTES));
    RaftServerConfigKeys.Log.setWriteBufferSize(p, SizeInBytes.valueOf(WRITE_BUFFER_BYTES));
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(p, SizeInBytes.valueOf(MAX_ENTRY_BYTES));
    RaftServerConfigKeys.Log.Appender.setWaitTimeMin(
        p, TimeDuration.valueOf(0, TimeUnit.MILLISECONDS));
    RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(p, false);
    // With the default a node that was away for half a minute waits for up to 7.5 s for a word.
    RaftServerConfigKeys.Log.Appender.setRetryPolicy(p, "1ms,10, 200ms," + Integer.MAX_VALUE);
    // With it a follower that is sent entries again, and more behind them, while it writes the
    // first ones says that it has all of them, and never writes the rest (Ratis 3.3.0).
    RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(p, false);
    RaftServerConfigKeys.Log.setPurgeGap(p, 1);
    RaftServerConfigKeys.Log.setLogMetadataEnabled(p, false); // see CommitMarks
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(p, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(p, Long.MAX_VALUE); // only at the end
    RaftServerConfigKeys.Snapshot.setCreationGap(p, 1);
    RaftServerConfigKeys.Snapshot.setTriggerWhenRemoveEnabled(p, false);
    return p;
  }

  private static String listenHost(HostPort bind) {
    return bind.host().equals("*") ? "0.0.0.0" : bind.host();
  }

  private static TimeDuration duration(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Starts listening and the group on disk, if any; replays its committed entries.
   *
   * @param alone whether no other node is in that group
   */
  void start(boolean alone) throws IOException {
    checkPort();
    if (alone) {
      waitForNobody();
    }
    server.start();
  }

  /** There is nobody whose word the first election would have to wait for. */
  private void waitForNobody() {
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, ALONE);
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, ALONE);
  }

  /** Ratis ends the process when it cannot have its port. */
  private void checkPort() throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(listenHost(bind), bind.port()));
    } catch (IOException e) {
      throw new IOException(
          "cannot listen for other nodes at liferaft.raft.address=%s: %s"
              .formatted(bind, e.getMessage()),
          e);
    }
  }

  Optional<RaftGroupId> groupId() {
    var ids = server.getGroupIds().iterator();
    return ids.hasNext() ? Optional.of(ids.next()) : Optional.empty();
  }

  /** The group's server here; empty while there is no group or it is starting. */
  Optional<RaftServer.Division> division() {
    return anyDivision().filter(RatisServer::answers);
  }

  /** A group without this node in it stays STARTING until the leader has added it. */
  private static boolean answers(RaftServer.Division division) {
    return switch (division.getInfo().getLifeCycleState()) {
      case NEW -> false;
      case STARTING -> {
        try {
          yield division.getRaftLog() != null;
        } catch (IllegalStateException e) {
          yield false; // Ratis' way to say that it has not opened its log yet
        }
      }
      default -> true;
    };
  }

  private Optional<RaftServer.Division> anyDivision() {
    Optional<RaftGroupId> id = groupId();
    if (id.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(server.getDivision(id.get()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  boolean closed() {
    return server.getLifeCycleState().isClosingOrClosed()
        || anyDivision()
            .map(division -> division.getInfo().getLifeCycleState())
            .map(LifeCycle.State::isClosingOrClosed)
            .orElse(false);
  }

  RaftPeer self() {
    return self;
  }

  /**
   * Adds a group: with this node alone in it to found one, with nobody to be admitted as a voter,
   * with its voters and this node as {@link #listener} to be admitted as that.
   */
  void addGroup(RaftGroupId groupId, List<RaftPeer> members) throws IOException {
    RaftGroup group = RaftGroup.valueOf(groupId, members);
    if (members.size() == 1 && members.getFirst().getId().equals(self.getId())) {
      waitForNobody();
    }
    check(
        server.groupManagement(
            GroupManagementRequest.newAdd(
                submissions.client(), server.getId(), calls.incrementAndGet(), group)));
  }

  /** Forgets a group and deletes its folder. */
  void removeGroup(RaftGroupId groupId) throws IOException {
    check(
        server.groupManagement(
            GroupManagementRequest.newRemove(
                submissions.client(),
                server.getId(),
                calls.incrementAndGet(),
                groupId,
                true,
                false)));
  }

  /** Replaces the members in one step, if they are still those that the change was made for. */
  void changeMembers(RaftConfiguration current, List<RaftPeer> voters, List<RaftPeer> listeners)
      throws IOException {
    check(
        server.setConfiguration(
            new SetConfigurationRequest(
                submissions.client(),
                server.getId(),
                group(),
                calls.incrementAndGet(),
                SetConfigurationRequest.Arguments.newBuilder()
                    .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                    .setServersInCurrentConf(new ArrayList<>(current.getCurrentPeers()))
                    .setListenersInCurrentConf(
                        new ArrayList<>(current.getAllPeers(RaftPeerRole.LISTENER)))
                    .setServersInNewConf(voters)
                    .setListenersInNewConf(listeners)
                    .build())));
  }

  /** Appends a command when this node leads; does not wait but for room in the log's queue. */
  Submission submit(LogCommand command, byte[] encoded) {
    long call = calls.incrementAndGet();
    Submission submission = submissions.begin(call, command, encoded);
    CompletableFuture<RaftClientReply> reply;
    try {
      reply = ask(request(call, submission, RaftClientRequest.writeRequestType()));
    } catch (IOException | RuntimeException e) {
      reply = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<?> _ =
        reply.whenComplete((answer, failure) -> submissions.replied(submission, answer, failure));
    return submission;
  }

  /**
   * Completes when everything committed before the call has been applied here, as far as this node,
   * or the leader that it asks, knows by a quorum's lease; fails when there is none.
   */
  CompletableFuture<Void> readBarrier() {
    CompletableFuture<RaftClientReply> reply;
    try {
      reply =
          ask(request(calls.incrementAndGet(), Message.EMPTY, RaftClientRequest.readRequestType()));
    } catch (IOException e) {
      reply = CompletableFuture.failedFuture(e);
    }
    return reply.handle((answer, failure) -> {
      if (failure != null || !answer.isSuccess()) {
        throw new NotLeaderException(
            "leadership not confirmed: " + (failure == null ? answer.getException() : failure));
      }
      return null;
    });
  }

  /** On this thread, which may wait for room in the log's queue; the server would take another. */
  private CompletableFuture<RaftClientReply> ask(RaftClientRequest request) throws IOException {
    return server.getDivision(request.getRaftGroupId())
            instanceof RaftClientAsynchronousProtocol division
        ? division.submitClientRequestAsync(request)
        : server.submitClientRequestAsync(request);
  }

  /** Takes a snapshot here if anything was applied since the last; waits. */
  void snapshot(Duration timeout) throws IOException {
    var _ =
        check(
            server.snapshotManagement(
                SnapshotManagementRequest.newCreate(
                    submissions.client(),
                    server.getId(),
                    group(),
                    calls.incrementAndGet(),
                    timeout.toMillis(),
                    1)));
  }

  CompletableFuture<?> snapshotAsync(Duration timeout) throws IOException {
    return server.snapshotManagementAsync(
        SnapshotManagementRequest.newCreate(
            submissions.client(),
            server.getId(),
            group(),
            calls.incrementAndGet(),
            timeout.toMillis(),
            1));
  }

  /** Hands leadership to a peer, or to any when null. */
  void transferLeadership(@Nullable RaftPeerId to, Duration timeout) throws IOException {
    commitMark.hold();
    try {
      check(
          server.transferLeadership(
              new TransferLeadershipRequest(
                  submissions.client(),
                  server.getId(),
                  group(),
                  calls.incrementAndGet(),
                  to,
                  timeout.toMillis())));
    } finally {
      commitMark.release();
    }
  }

  /**
   * Has this follower stand for election at once, without a pre-vote: as when its leader hands on.
   * Does nothing when it follows another by now, or has nothing of that leader's term.
   */
  void standForElection(RaftServer.Division division, RaftPeerId leader) throws IOException {
    TermIndex last = division.getRaftLog().getLastEntryTermIndex();
    if (last == null || last.getTerm() != division.getInfo().getCurrentTerm()) {
      return;
    }
    var _ =
        server.startLeaderElection(
            StartLeaderElectionRequestProto.newBuilder()
                .setServerRequest(
                    RaftRpcRequestProto.newBuilder()
                        .setRequestorId(leader.toByteString())
                        .setReplyId(server.getId().toByteString())
                        .setRaftGroupId(ProtoUtils.toRaftGroupIdProtoBuilder(group())))
                .setLeaderLastEntry(last.toProto())
                .build());
  }

  /** See {@link CommitMark#make}; always on the same thread. */
  boolean markCommit() {
    return division()
        .map(division ->
            commitMark.make(
                division,
                request(
                    calls.incrementAndGet(), Message.EMPTY, RaftClientRequest.readRequestType())))
        .orElse(true);
  }

  private RaftClientRequest request(long call, Message message, RaftClientRequest.Type type) {
    return RaftClientRequest.newBuilder()
        .setClientId(submissions.client())
        .setServerId(server.getId())
        .setGroupId(group())
        .setCallId(call)
        .setMessage(message)
        .setType(type)
        .build();
  }

  private RaftGroupId group() {
    return groupId().orElseThrow(() -> new NotLeaderException("this node is in no group yet"));
  }

  private static RaftClientReply check(RaftClientReply reply) throws IOException {
    if (!reply.isSuccess()) {
      throw reply.getException() == null
          ? new IOException("Ratis refused " + reply)
          : reply.getException();
    }
    return reply;
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException | CompletionException e) {
      throw new IllegalStateException("the Raft server does not close", e);
    } finally {
      submissions.close();
    }
  }
}
