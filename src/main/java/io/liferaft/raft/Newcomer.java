package io.liferaft.raft;

import io.liferaft.security.Credentials;
import java.io.IOException;

/**
 * A node that asks a leader for admission.
 *
 * @param peerId of its present incarnation
 * @param nonVoter whether it wants no vote
 * @param way how it has come to ask
 * @param credentials of the user it joins as
 */
record Newcomer(
    String nodeId,
    String peerId,
    String raftAddress,
    String httpAddress,
    boolean nonVoter,
    Way way,
    Credentials credentials) {

  /** How a node comes to ask. */
  enum Way {
    /** It has a list of members that it is in. */
    LISTED,
    /** It was told whom to ask. */
    JOINS,
    /** It was a member, and has moved or lost its place. */
    RETURNS
  }

  /** What to do when the leader's users do not let it in. */
  String notAuthorized() {
    return "not authorized: liferaft.security.join-as (-join-as) must name a user of the file of users, the same on all nodes, who has the permission "
        + (nonVoter ? "join-read-only or join-read-replica" : "join")
        + (credentials.username().isEmpty() ? "; it names nobody" : "");
  }

  void write(WireWriter out) {
    out.string(nodeId).string(peerId).string(raftAddress).string(httpAddress).bool(nonVoter);
    out.string(way.name()).string(credentials.username()).string(credentials.password());
  }

  static Newcomer read(WireReader in) throws IOException {
    return new Newcomer(
        in.string(),
        in.string(),
        in.string(),
        in.string(),
        in.bool(),
        Way.valueOf(in.string()),
        new Credentials(in.string(), in.string()));
  }
}
