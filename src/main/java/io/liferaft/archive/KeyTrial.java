package io.liferaft.archive;

import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.PreflightFinding;
import io.liferaft.objectstore.PreflightFinding.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Tries the keys that an archive wants: for the next backup, and for the newest one there is. */
final class KeyTrial {

  private static final String KEY = "key";
  private static final String NEWEST = "key-of-newest";

  private static final String WAIT =
      "Look whether AWS KMS can be reached from this node: backups wait for it";

  private final EncryptionKeys keys;
  private final ManifestStore manifests;
  private final String location;

  KeyTrial(EncryptionKeys keys, ManifestStore manifests, String location) {
    this.keys = keys;
    this.manifests = manifests;
    this.location = location;
  }

  /** Nothing of what is not encrypted. */
  List<PreflightFinding> run() {
    List<PreflightFinding> findings = new ArrayList<>();
    if (keys.encrypts()) {
      findings.add(current());
    }
    newest().ifPresent(findings::add);
    return findings;
  }

  private PreflightFinding current() {
    try {
      return ok(KEY, "The key of id " + keys.tryCurrent() + " wraps and unwraps a data key");
    } catch (EncryptionKeyException e) {
      return problem(
          KEY,
          e,
          "Give this node the key that the sentence names, the same on every node: without it no"
              + " backup is made");
    } catch (ObjectStoreException e) {
      return problem(KEY, e, WAIT);
    }
  }

  private Optional<PreflightFinding> newest() {
    try {
      Optional<Wrapping> wrapping =
          manifests.pointer().map(seen -> seen.pointer().key()).map(WrappedKey::wrapping);
      if (wrapping.isPresent()) {
        keys.tryUnwrap(wrapping.get(), "The newest backup at " + location);
      } else if (!keys.encrypts()) {
        return Optional.empty();
      }
      return Optional.of(
          ok(
              NEWEST,
              wrapping
                  .map(by -> "The newest backup can be read with " + by.named())
                  .orElse("There is no encrypted backup yet")));
    } catch (EncryptionKeyException e) {
      return Optional.of(
          problem(
              NEWEST,
              e,
              "Give this node that key, too, from where a copy is kept: without it nothing is"
                  + " restored from here"));
    } catch (ObjectStoreException | CorruptBackupException e) {
      return Optional.of(
          new PreflightFinding(
              NEWEST, Result.SKIPPED, "The newest backup cannot be read: " + e.getMessage(), ""));
    }
  }

  private static PreflightFinding ok(String check, String detail) {
    return new PreflightFinding(check, Result.OK, detail, "");
  }

  private static PreflightFinding problem(String check, Exception e, String advice) {
    return new PreflightFinding(check, Result.PROBLEM, String.valueOf(e.getMessage()), advice);
  }
}
