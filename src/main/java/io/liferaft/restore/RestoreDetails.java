package io.liferaft.restore;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A state told in words and figures, for the endpoint and for health. */
final class RestoreDetails {

  private RestoreDetails() {}

  /** The state's name in lower case; the closed set of values of the metrics' tag. */
  static String name(RestoreState state) {
    return state.getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /**
   * @param lastFailure told until the restore is over: an attempt against a store that hangs takes
   *     longer than the pause after it
   * @param now to estimate the end of what is under way; null for no estimate
   */
  static Map<String, Object> of(
      RestoreState state, @Nullable String lastFailure, @Nullable Instant now) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("state", name(state));
    switch (state) {
      case RestoreState.Waiting(String reason) -> details.put("reason", reason);
      case RestoreState.Following(String leaderId) -> details.put("leader", leaderId);
      case RestoreState.Looking(String source) -> details.put("source", source);
      case RestoreState.Downloading(String source, long bytes, long total, Instant since) ->
          progress(details, source, bytes, total, since, now);
      case RestoreState.Verifying(String source, long bytes) -> {
        details.put("source", source);
        details.put("bytes", bytes);
      }
      case RestoreState.Loading(String source, long bytes, long total, Instant since) ->
          progress(details, source, bytes, total, since, now);
      case RestoreState.Failed(String source, String reason, int attempts, Instant next) -> {
        details.put("source", source);
        details.put("reason", reason);
        details.put("attempts", attempts);
        details.put("next", next);
      }
      case RestoreState.Done(String outcome) -> details.put("outcome", outcome);
    }
    if (lastFailure != null && !(state instanceof RestoreState.Done)) {
      details.put("lastFailure", lastFailure);
    }
    return details;
  }

  /** A restore in place. */
  static Map<String, Object> of(InPlaceRestore.Progress progress, Instant now) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("phase", progress.phase().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    details.put("point", progress.point());
    details.put("backup", progress.backup());
    details.put("since", progress.since());
    if (progress.totalBytes() > 0) {
      progress(
          details,
          progress.backup(),
          progress.bytes(),
          progress.totalBytes(),
          progress.since(),
          progress.bytes() > 0 ? now : null);
      details.remove("source");
    }
    if (progress.detail() != null) {
      details.put("detail", progress.detail());
    }
    return details;
  }

  private static void progress(
      Map<String, Object> details,
      String source,
      long bytes,
      long total,
      Instant since,
      @Nullable Instant now) {
    details.put("source", source);
    details.put("bytes", bytes);
    details.put("totalBytes", total);
    details.put("percent", total <= 0 ? 0 : Math.min(100, bytes * 100 / total));
    if (now != null && bytes > 0 && total >= bytes) {
      double spent = Duration.between(since, now).toMillis();
      details.put("etaSeconds", Math.round(spent * (total - bytes) / bytes / 1000));
    }
  }
}
