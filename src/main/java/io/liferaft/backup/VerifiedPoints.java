package io.liferaft.backup;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What this process knows of restore points that it has looked at. Safe for many threads. */
final class VerifiedPoints {

  /** The rest is forgotten, the oldest first. */
  private static final int MOST = 1000;

  private final Map<String, Verified> known = new LinkedHashMap<>();

  synchronized void add(Verified verified) {
    Verified before = known.remove(verified.id());
    known.put(verified.id(), before == null ? verified : verified.orBytesOf(before));
    if (known.size() > MOST) {
      known.remove(known.keySet().iterator().next());
    }
  }

  /** The last look at a restore point; null before it. */
  synchronized @Nullable Verified of(String id) {
    return known.get(id);
  }
}
