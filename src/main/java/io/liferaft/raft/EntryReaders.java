package io.liferaft.raft;

import java.util.List;

/**
 * Entries that nobody asked for, and that an older version does not know, wait until every member
 * can read them: one that cannot would stop. Who does not answer may be such a one.
 */
final class EntryReaders {

  /** Asks a member whether it reads entries of the type. */
  interface Question {
    boolean knows(NodeStatus.Member member);
  }

  private EntryReaders() {}

  /**
   * Asks all but this node itself, one after the other.
   *
   * @throws RequestRefusedException naming the first that cannot read them, or did not say
   */
  static void require(String ownId, List<NodeStatus.Member> members, Question question) {
    for (NodeStatus.Member member : members) {
      if (!member.id().equals(ownId) && !knows(member, question)) {
        throw new RequestRefusedException(
            "node %s runs an older version, which the entry would stop".formatted(member.id()));
      }
    }
  }

  private static boolean knows(NodeStatus.Member member, Question question) {
    try {
      return question.knows(member);
    } catch (RequestRefusedException _) {
      return false; // it does not even know the question
    } catch (RuntimeException e) {
      throw new RequestRefusedException(
          "node %s did not say whether it can read the entry: %s"
              .formatted(member.id(), e.getMessage()));
    }
  }
}
