package io.liferaft.raft;

import io.liferaft.security.AccessControl;
import io.liferaft.security.Caller;
import io.liferaft.security.NotAuthorizedException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/** What other nodes ask of this one, handed to whom it concerns. */
record PeerService(
    Runnable gate,
    AccessControl access,
    LocalNode node,
    LogWriter writer,
    Reader reader,
    Copies copies,
    Members members,
    Admissions admissions)
    implements PeerDispatch.Local {

  @Override
  public void check(Caller caller) {
    if (!access.allows(caller.credentials(), caller.needed())) {
      throw new NotAuthorizedException();
    }
  }

  @Override
  public PeerAnswer answer() {
    return members.self();
  }

  @Override
  public Peers.Appended append(LogCommand command, Duration timeout) {
    return writer.appendHere(command, timeout);
  }

  @Override
  public List<Supplier<Peers.Appended>> appendTogether(List<Peers.Write> writes) {
    return writer.executeTogether(writes);
  }

  @Override
  public SqlReply queryHere(SqlRequest request) {
    gate.run();
    if (!node.leads()) {
      throw new NotLeaderException("not leader");
    }
    return reader.readLeading(request, request.timeout());
  }

  @Override
  public Peers.CopyTicket openCopy(boolean install, Duration timeout) {
    return copies.open(install, timeout);
  }

  @Override
  public byte[] readCopy(long ticket, boolean load, long offset, int length) {
    return copies.leases().read(ticket, load, offset, length);
  }

  @Override
  public void closeCopy(long ticket) {
    copies.leases().close(ticket);
  }

  @Override
  public void transferHere(@Nullable String id, Duration timeout) {
    members.transferHere(id, timeout);
  }

  @Override
  public void introduce(String id, String raftAddress) {
    members.introduce(id, raftAddress);
  }

  @Override
  public Admissions.Room prepareAdmission(Newcomer newcomer) {
    return admissions.prepare(newcomer);
  }

  @Override
  public void admit(Newcomer newcomer) {
    admissions.admit(newcomer);
  }

  @Override
  public void remove(String nodeId, Duration timeout) {
    admissions.remove(nodeId, timeout);
  }

  @Override
  public void removed(String groupId) {
    if (groupId.equals(node.groupId())) {
      node.workers().execute(node::leave);
    }
  }

  @Override
  public LeaderWatch.Verdict leaderEnded(
      String leaderPeerId, long term, TermIndex candidateLast, String candidatePeerId) {
    return node.leaderWatch().verdict(leaderPeerId, term, candidateLast, candidatePeerId);
  }

  @Override
  public Peers.LeaderView compare(String peerId, long index) {
    return members.compareHere(peerId, index);
  }
}
