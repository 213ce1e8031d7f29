package io.liferaft.raft;

import io.liferaft.security.AccessControl;
import io.liferaft.security.NotAuthorizedException;
import io.liferaft.security.Permission;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is let in and who has to go, on the leader; one change at a time. */
final class Admissions {

  private static final Logger log = LoggerFactory.getLogger(Admissions.class);
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration HAND_ON = Duration.ofSeconds(5);

  private final LocalNode node;
  private final Members members;
  private final AccessControl access;
  private final ReentrantLock changing = new ReentrantLock();
  private final Set<String> admitting = ConcurrentHashMap.newKeySet();

  Admissions(LocalNode node, Members members, AccessControl access) {
    this.node = node;
    this.members = members;
    this.access = access;
  }

  /**
   * The group that a newcomer may enter.
   *
   * @param members as they are now, voters first
   */
  record Room(String groupId, List<NodeStatus.Member> members, List<String> peerIds) {}

  /** Makes room for a newcomer: its former incarnation leaves, and whoever had its address. */
  Room prepare(Newcomer newcomer) {
    node.tally().count(Tally.Event.JOIN_REQUEST);
    RaftServer.Division division = node.leading();
    check(division, newcomer);
    if (member(division.getRaftConf(), newcomer.peerId())) {
      node.tally().count(Tally.Event.JOIN_IGNORED);
      return room(division);
    }
    if (!changing.tryLock()) {
      throw busy();
    }
    try {
      List<RaftPeer> former =
          all(division.getRaftConf())
              .filter(peer -> !peer.getId().toString().equals(newcomer.peerId()))
              .filter(peer ->
                  nodeId(peer).equals(newcomer.nodeId())
                      || peer.getAddress().equals(newcomer.raftAddress()))
              .toList();
      if (!former.isEmpty()) {
        former.forEach(peer -> refuseWhileAlive(newcomer.nodeId(), peer));
        checkMajority(division.getRaftConf());
        log.info(
            "Node {} comes with a new disk or address: its former incarnation leaves",
            newcomer.nodeId());
        without(division.getRaftConf(), former);
        node.tally().count(Tally.Event.JOIN_REPLACED);
      }
      return room(division);
    } catch (IOException e) {
      throw new NotReadyException(
          "the former incarnation of %s cannot be removed now: %s"
              .formatted(newcomer.nodeId(), e.getMessage()),
          Duration.ofSeconds(1));
    } finally {
      changing.unlock();
    }
  }

  private void check(RaftServer.Division division, Newcomer newcomer) {
    List<String> initial = node.payload().state().initialMembers();
    if (initial.isEmpty()) {
      throw new NotReadyException("the cluster is being founded", Duration.ofSeconds(1));
    }
    String id = newcomer.nodeId();
    boolean known = all(division.getRaftConf()).anyMatch(peer -> nodeId(peer).equals(id));
    boolean listed = initial.stream().anyMatch(member -> member.startsWith(id + "="));
    switch (newcomer.way()) {
      case JOINS -> {
        if (!mayJoin(newcomer)) {
          throw new NotAuthorizedException();
        }
      }
      case LISTED -> {
        if (!known && !listed) {
          throw new RequestRefusedException(
              "node %s is not in the cluster's initial members (%s)"
                  .formatted(id, String.join(", ", initial)));
        }
      }
      case RETURNS -> {
        if (!known) {
          throw new RequestRefusedException(
              "node %s has been removed from the cluster: start it with liferaft.raft.join (-join) to have it admitted again"
                  .formatted(id));
        }
      }
    }
  }

  private boolean mayJoin(Newcomer newcomer) {
    if (!access.enabled()) {
      return true;
    }
    Stream<Permission> enough =
        newcomer.nonVoter()
            ? Stream.of(Permission.JOIN_READ_ONLY, Permission.JOIN_READ_REPLICA)
            : Stream.of(Permission.JOIN);
    return enough.anyMatch(one -> access.allows(newcomer.credentials(), Set.of(one)));
  }

  private static Room room(RaftServer.Division division) {
    RaftConfiguration conf = division.getRaftConf();
    List<NodeStatus.Member> members = new ArrayList<>();
    List<String> peerIds = new ArrayList<>();
    for (RaftPeer peer : conf.getAllPeers(RaftPeerRole.FOLLOWER)) {
      members.add(
          new NodeStatus.Member(nodeId(peer), peer.getAddress(), peer.getClientAddress(), true));
      peerIds.add(peer.getId().toString());
    }
    return new Room(division.getMemberId().getGroupId().getUuid().toString(), members, peerIds);
  }

  private void refuseWhileAlive(String nodeId, RaftPeer former) {
    PeerAnswer there = node.peers().who(former.getAddress(), ASK);
    if (there.id().equals(nodeId) && there.standing() == PeerAnswer.Standing.MEMBER) {
      throw new RequestRefusedException(
          "node %s is running at %s with its data: two nodes cannot have one id"
              .formatted(nodeId, former.getAddress()));
    }
  }

  /** Makes a node a member in the background; it counts when it has caught up. */
  void admit(Newcomer newcomer) {
    RaftServer.Division division = node.leading();
    check(division, newcomer);
    if (member(division.getRaftConf(), newcomer.peerId()) || !admitting.add(newcomer.peerId())) {
      return;
    }
    node.workers().execute(() -> makeMember(division, newcomer));
  }

  private void makeMember(RaftServer.Division division, Newcomer newcomer) {
    String nodeId = newcomer.nodeId();
    if (!changing.tryLock()) {
      admitting.remove(newcomer.peerId()); // one change at a time: it asks again
      return;
    }
    try {
      RaftConfiguration conf = division.getRaftConf();
      List<RaftPeer> voters = new ArrayList<>(conf.getCurrentPeers());
      List<RaftPeer> listeners = new ArrayList<>(conf.getAllPeers(RaftPeerRole.LISTENER));
      RaftPeer peer =
          RatisServer.peer(newcomer.peerId(), newcomer.raftAddress(), newcomer.httpAddress());
      if (newcomer.nonVoter()) {
        listeners.add(RatisServer.listener(peer));
      } else {
        voters.add(peer);
      }
      node.openServer().changeMembers(conf, voters, listeners);
      node.tally().count(Tally.Event.JOIN);
      log.info(
          "Node {} has caught up and is a {}", nodeId, newcomer.nonVoter() ? "non-voter" : "voter");
    } catch (IllegalStateException e) {
      startAnew(e);
    } catch (IOException | RuntimeException e) {
      log.info("Node {} is not a member yet, it asks again: {}", nodeId, e.toString());
    } finally {
      changing.unlock();
      admitting.remove(newcomer.peerId());
    }
  }

  /**
   * Removes a node for good; without effect when it is no member. A leader that is to go hands
   * leadership on, and its successor removes it.
   */
  void remove(String nodeId, Duration timeout) {
    RaftServer.Division division = node.leading();
    List<RaftPeer> gone =
        all(division.getRaftConf()).filter(peer -> nodeId(peer).equals(nodeId)).toList();
    if (gone.isEmpty()) {
      return;
    }
    List<RaftPeer> voters = new ArrayList<>(division.getRaftConf().getCurrentPeers());
    voters.removeAll(gone);
    if (voters.isEmpty()) {
      throw new RequestRefusedException(
          "node %s is the cluster's only voter and cannot be removed".formatted(nodeId));
    }
    if (nodeId.equals(node.config().id())) {
      members.transferHere(null, timeout.compareTo(HAND_ON) < 0 ? timeout : HAND_ON);
      throw new NotLeaderException("leadership has been handed on");
    }
    boolean free;
    try {
      free = changing.tryLock(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw LeaderRouter.interrupted();
    }
    if (!free) {
      throw busy();
    }
    try {
      checkMajority(division.getRaftConf());
      without(division.getRaftConf(), gone);
      log.info("Node {} has been removed from the cluster", nodeId);
    } catch (ReconfigurationInProgressException | SetConfigurationException e) {
      throw notNow(nodeId, e);
    } catch (IllegalStateException e) {
      startAnew(e);
      throw notNow(nodeId, e);
    } catch (IOException e) {
      throw new CommitUnknownException(
          "node %s is removed or not, see /nodes: %s".formatted(nodeId, e.getMessage()), e);
    } finally {
      changing.unlock();
    }
    String group = division.getMemberId().getGroupId().getUuid().toString();
    for (RaftPeer peer : gone) {
      node.workers().execute(() -> node.peers().removed(peer.getAddress(), group, ASK));
    }
  }

  private static NotReadyException notNow(String nodeId, Exception e) {
    return new NotReadyException(
        "node %s cannot be removed now: %s".formatted(nodeId, e.getMessage()),
        Duration.ofSeconds(1));
  }

  /**
   * A change that no majority takes would not fail: the leader would step down over it and leave it
   * in the log, to be made one day by whoever leads next.
   */
  private void checkMajority(RaftConfiguration conf) {
    List<RaftPeer> voters = List.copyOf(conf.getAllPeers(RaftPeerRole.FOLLOWER));
    int majority = voters.size() / 2 + 1;
    int answering = 0;
    for (int i = 0; i < voters.size() && answering < majority; i++) {
      answering += answers(voters.get(i)) ? 1 : 0;
    }
    if (answering < majority) {
      throw new NotReadyException(
          "the members cannot be changed now: %d of %d voters answer, and %d have to agree. Start those that are down; when they are lost for good, go on without them by liferaftd recover or raft/peers.json"
              .formatted(answering, voters.size(), majority),
          Duration.ofSeconds(5));
    }
  }

  private boolean answers(RaftPeer voter) {
    if (nodeId(voter).equals(node.config().id())) {
      return true;
    }
    PeerAnswer there = node.peers().who(voter.getAddress(), ASK);
    return there.standing() == PeerAnswer.Standing.MEMBER && there.id().equals(nodeId(voter));
  }

  /**
   * Ratis' view of the followers in this term does not go with the members any more (seen where a
   * removal was finished by the leader after the one that began it): the next term begins afresh.
   */
  private void startAnew(IllegalStateException cause) {
    log.warn(
        "The members cannot be changed in this term; leadership is given up, so that the next leader can: {}",
        cause.toString());
    node.giveUpLeadership();
  }

  private void without(RaftConfiguration conf, List<RaftPeer> gone) throws IOException {
    List<RaftPeer> voters = new ArrayList<>(conf.getCurrentPeers());
    List<RaftPeer> listeners = new ArrayList<>(conf.getAllPeers(RaftPeerRole.LISTENER));
    voters.removeAll(gone);
    listeners.removeAll(gone);
    node.openServer().changeMembers(conf, voters, listeners);
  }

  private static boolean member(RaftConfiguration conf, String peerId) {
    return conf.getPeer(RaftPeerId.valueOf(peerId), RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
        != null;
  }

  private static Stream<RaftPeer> all(RaftConfiguration conf) {
    return Stream.concat(
        conf.getAllPeers(RaftPeerRole.FOLLOWER).stream(),
        conf.getAllPeers(RaftPeerRole.LISTENER).stream());
  }

  private static String nodeId(RaftPeer peer) {
    return NodeIdentity.nodeId(peer.getId().toString());
  }

  private static NotReadyException busy() {
    return new NotReadyException(
        "another change of membership is under way", Duration.ofSeconds(1));
  }
}
