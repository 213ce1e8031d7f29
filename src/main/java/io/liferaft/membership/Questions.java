package io.liferaft.membership;

import io.liferaft.raft.PeerAnswer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** Asks many nodes at the same time. */
final class Questions {

  private Questions() {}

  /**
   * What each of them answers. Waits for the slowest.
   *
   * @param addresses Raft addresses, by what the answers are to be known by
   * @param ask asks one; silence is an answer, too
   */
  static Map<String, PeerAnswer> ask(
      Map<String, String> addresses, Function<String, PeerAnswer> ask) {
    Map<String, PeerAnswer> answers = new HashMap<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, CompletableFuture<PeerAnswer>> asked = new HashMap<>();
      addresses.forEach((name, address) ->
          asked.put(name, CompletableFuture.supplyAsync(() -> ask.apply(address), executor)));
      asked.forEach((name, answer) -> answers.put(name, answer.join()));
    }
    return answers;
  }
}
