package io.liferaft.support;

import java.time.Duration;
import java.util.List;

/** What {@link FaultyS3} does to one request. */
sealed interface Fault {
  record Pass() implements Fault {}

  record Answer(int status, String code, String message, List<String> headers) implements Fault {}

  record Delay(Duration duration) implements Fault {}

  record CutAnswer(long bytes) implements Fault {}

  record SlowAnswer(int bytesPerSecond, long bytes) implements Fault {}

  record CutRequest(long bytes) implements Fault {}

  record LoseAnswer() implements Fault {}

  record Reset() implements Fault {}

  record DoneBut(Answer answer) implements Fault {}

  record HoldRequest(FaultyS3.Held held) implements Fault {}

  record HoldAnswer(long bytes) implements Fault {}
}
