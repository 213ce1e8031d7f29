package io.liferaft.objectstore;

import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes, reads, lists and deletes one small object, as backups do. What a store does not let it
 * delete is overwritten by the next trial under the same key.
 */
final class StoreTrial {

  private static final byte[] CONTENT =
      "Liferaft tries here what its backups need, and deletes this again.\n"
          .getBytes(StandardCharsets.US_ASCII);

  private static final String NO_SUCH_ETAG = "\"00000000000000000000000000000000\"";
  private static final Duration NOTEWORTHY_SKEW = Duration.ofSeconds(30);
  private static final Duration HARMFUL_SKEW = Duration.ofMinutes(5);
  private static final String CONDITIONS = "conditions";
  private static final String DELETE = "delete";

  private final ObjectStore store;
  private final String key;
  private final boolean lists;
  private final boolean deletes;
  private final InstantSource clock;
  private final Function<String, String> grant;
  private final List<PreflightFinding> findings = new ArrayList<>();

  /**
   * @param key of the trial object, used by nobody else at the same time
   * @param lists whether backups list at this place
   * @param deletes whether backups delete at this place
   * @param grant what to do when a check is denied
   */
  StoreTrial(
      ObjectStore store,
      String key,
      boolean lists,
      boolean deletes,
      InstantSource clock,
      Function<String, String> grant) {
    this.store = store;
    this.key = key;
    this.lists = lists;
    this.deletes = deletes;
    this.clock = clock;
    this.grant = grant;
  }

  List<PreflightFinding> run() {
    ObjectInfo stored = put();
    if (stored == null) {
      for (String check : List.of("clock", "get", CONDITIONS, "list", DELETE)) {
        findings.add(PreflightFinding.skipped(check, "The trial object could not be written"));
      }
      return findings;
    }
    findings.add(clock(stored));
    tried("get", true, this::get);
    tried(CONDITIONS, true, () -> conditions(stored.etag()));
    tried("list", lists, this::list);
    tried(DELETE, deletes, this::delete);
    return findings;
  }

  private @Nullable ObjectInfo put() {
    try {
      ObjectInfo stored = write(new PutCondition.Always());
      findings.add(PreflightFinding.ok("put", "An object can be written"));
      return stored;
    } catch (ObjectStoreException e) {
      findings.add(failed("put", true, e));
      return null;
    }
  }

  private ObjectInfo write(PutCondition condition) {
    return store.put(key, Map.of(), condition, out -> out.write(CONTENT));
  }

  private PreflightFinding clock(ObjectInfo stored) {
    Instant now = clock.instant();
    // The store tells whole seconds, and the answer took its time.
    Duration skew = Duration.between(stored.modified(), now).abs();
    String detail = "This node's clock and the store's are %d s apart".formatted(skew.toSeconds());
    String advice = "Synchronise this node's clock (NTP)";
    if (skew.compareTo(HARMFUL_SKEW) >= 0) {
      return PreflightFinding.problem(
          "clock", detail + "; S3 refuses requests from a quarter of an hour on", advice);
    }
    return skew.compareTo(NOTEWORTHY_SKEW) >= 0
        ? PreflightFinding.note("clock", detail, advice)
        : PreflightFinding.ok("clock", detail);
  }

  private PreflightFinding get() {
    try (InputStream whole = store.get(key, 0, null);
        InputStream piece = store.getRange(key, 1, 3)) {
      boolean same =
          Arrays.equals(whole.readAllBytes(), CONTENT)
              && Arrays.equals(piece.readAllBytes(), Arrays.copyOfRange(CONTENT, 1, 4));
      return same
          ? PreflightFinding.ok("get", "An object and a range of it can be read")
          : PreflightFinding.problem(
              "get",
              "What is read is not what was written",
              "Look for a proxy or a gateway between this node and the store that changes bodies");
    } catch (IOException e) {
      throw new ObjectStoreException(Reason.UNAVAILABLE, String.valueOf(e.getMessage()), e);
    }
  }

  private PreflightFinding conditions(String etag) {
    boolean kept =
        refuses(new PutCondition.IfAbsent())
            && refuses(new PutCondition.IfMatch(NO_SUCH_ETAG))
            && store.keepsConditions();
    if (!kept) {
      return PreflightFinding.note(
          CONDITIONS,
          "The store does not keep If-Match and If-None-Match: the newest backup is the one of the"
              + " highest name or term, and a leader that was cut off is found out a little later",
          "Let no two clusters share the target, or use a store with conditional writes");
    }
    var _ = write(new PutCondition.IfMatch(etag));
    return PreflightFinding.ok(CONDITIONS, "If-Match and If-None-Match are kept");
  }

  private boolean refuses(PutCondition condition) {
    try {
      var _ = write(condition);
      return false;
    } catch (ObjectStoreException e) {
      if (e.reason() == Reason.PRECONDITION_FAILED) {
        return true;
      }
      throw e;
    }
  }

  private PreflightFinding list() {
    boolean seen = store.list(key).stream().anyMatch(info -> info.key().equals(key));
    return seen
        ? PreflightFinding.ok("list", "What was just written is listed")
        : PreflightFinding.problem(
            "list",
            "What was just written is not listed",
            "Use a store whose lists are consistent, as S3's are");
  }

  private PreflightFinding delete() {
    store.delete(key);
    return store.head(key).isEmpty()
        ? PreflightFinding.ok(DELETE, "An object can be deleted")
        : PreflightFinding.problem(
            DELETE, "The trial object is still there", "Look whether something holds it: " + key);
  }

  private void tried(String check, boolean needed, Supplier<PreflightFinding> trial) {
    try {
      findings.add(trial.get());
    } catch (ObjectStoreException e) {
      findings.add(failed(check, needed, e));
    }
  }

  private PreflightFinding failed(String check, boolean needed, ObjectStoreException e) {
    return failed(check, needed, e, grant);
  }

  /**
   * @param needed whether backups do without
   */
  static PreflightFinding failed(
      String check, boolean needed, ObjectStoreException e, Function<String, String> grant) {
    String detail = String.valueOf(e.getMessage());
    return needed
        ? PreflightFinding.problem(check, detail, advice(check, e, grant))
        : PreflightFinding.note(check, detail, "Nothing: backups to this target do without");
  }

  private static String advice(
      String check, ObjectStoreException e, Function<String, String> grant) {
    return switch (e.reason()) {
      case ACCESS_DENIED -> grant.apply(check);
      case NO_SUCH_BUCKET -> "Make the bucket or mount the directory, or correct the target";
      case UNAVAILABLE -> "Look whether the store can be reached from this node";
      case CONFIGURATION -> "Correct the settings that the sentence names";
      case NOT_FOUND -> "Look what deletes objects at the target";
      case PRECONDITION_FAILED -> "Look who else writes at the target; then try again";
    };
  }
}
