package io.liferaft.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.sqlite.SqlForm;
import java.io.IOException;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.junit.jupiter.api.Test;

/** What becomes of commands whose leadership is lost. */
class SubmissionsTests {

  private static final LogCommand NOTHING =
      new LogCommand.Execute(List.of(), SqlForm.EXECUTE, false, 0, 0, 1);
  private static final RaftGroupMemberId SELF =
      RaftGroupMemberId.valueOf(RaftPeerId.valueOf("n1"), RaftGroupId.randomId());

  private final Submissions submissions = new Submissions();

  /** In the log of this node. */
  private Submission appended(long call, long term) {
    Submission submission = submissions.begin(call, NOTHING, new byte[0]);
    TransactionContext transaction =
        TransactionContext.newBuilder()
            .setStateMachine(new BaseStateMachine())
            .setClientRequest(
                RaftClientRequest.newBuilder()
                    .setClientId(submissions.client())
                    .setServerId(SELF.getPeerId())
                    .setGroupId(SELF.getGroupId())
                    .setCallId(call)
                    .setMessage(submission)
                    .setType(RaftClientRequest.writeRequestType())
                    .build())
            .build();
    submission.started(transaction);
    var _ = transaction.initLogEntry(term, 10 + call);
    return submission;
  }

  private void loseLeadership(Submission submission) {
    submissions.replied(
        submission,
        RaftClientReply.newBuilder()
            .setClientId(submissions.client())
            .setServerId(SELF)
            .setException(new NotLeaderException(SELF, null, List.of()))
            .build(),
        null);
  }

  private static StateMachineLogEntryProto entry(ClientId client, long call) {
    return StateMachineLogEntryProto.newBuilder()
        .setClientId(client.toByteString())
        .setCallId(call)
        .build();
  }

  @Test
  void oneThatHasNotEnteredTheLogIsCertain() {
    Submission submission = submissions.begin(1, NOTHING, new byte[0]);

    loseLeadership(submission);

    assertThatThrownBy(submission.outcome()::join)
        .hasCauseInstanceOf(io.liferaft.raft.NotLeaderException.class);
    assertThat(submission.released()).isCompleted();
  }

  @Test
  void itsEntryIsKnownAgainUnderTheNextLeader() {
    Submission submission = appended(1, 3);
    loseLeadership(submission);
    assertThat(submission.released()).isCompleted();
    assertThat(submission.outcome()).isNotDone();

    assertThat(submissions.of(entry(ClientId.randomId(), 1))).isNull();
    assertThat(submissions.of(entry(submissions.client(), 2))).isNull();
    assertThat(submissions.of(entry(submissions.client(), 1))).isSameAs(submission);

    submission.applied(new Applied.Done(), 11);
    submissions.applied(4);
    assertThat(submission.outcome().join().index()).isEqualTo(11);
    assertThat(submissions.of(entry(submissions.client(), 1))).isNull();
  }

  @Test
  void anEntryOfALaterTermWithoutItSaysThatItIsGone() {
    Submission submission = appended(1, 3);
    Submission next = appended(2, 4);
    loseLeadership(submission);
    submissions.applied(3);
    assertThat(submission.outcome()).isNotDone();

    submissions.applied(4);

    assertThatThrownBy(submission.outcome()::join)
        .hasCauseInstanceOf(io.liferaft.raft.NotLeaderException.class)
        .hasMessageContaining("a later one has replaced it");
    assertThat(next.outcome()).isNotDone();
  }

  @Test
  void nobodyWaitsForANodeThatIsStuck() {
    Submission early = appended(1, 3);
    loseLeadership(early);
    Submission led = appended(2, 3);

    submissions.stuck(true);

    assertThatThrownBy(early.outcome()::join).hasCauseInstanceOf(CommitUnknownException.class);
    assertThat(led.outcome()).isNotDone();
    loseLeadership(led);
    assertThatThrownBy(led.outcome()::join).hasCauseInstanceOf(CommitUnknownException.class);
  }

  @Test
  void whatElseGoesWrongIsUnknown() {
    Submission broken = appended(1, 3);
    Submission waiting = appended(2, 3);
    loseLeadership(waiting);

    submissions.replied(broken, null, new IOException("the log is full"));
    submissions.close();

    assertThatThrownBy(broken.outcome()::join).hasCauseInstanceOf(CommitUnknownException.class);
    assertThatThrownBy(waiting.outcome()::join).hasCauseInstanceOf(CommitUnknownException.class);
  }
}
