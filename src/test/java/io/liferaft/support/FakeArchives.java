package io.liferaft.support;

import io.liferaft.archive.BackupArchives;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Places in memory, made when they are first opened. */
public final class FakeArchives implements BackupArchives {

  private final Map<String, FakeArchive> places = new ConcurrentHashMap<>();

  @Override
  public FakeArchive open(String target, boolean compress) {
    if (target.equals("s3://bucket") || target.contains("@")) {
      throw new IllegalArgumentException("no key; a valid one is s3://bucket/key");
    }
    return places.computeIfAbsent(FakeArchive.address(target), _ -> new FakeArchive(target));
  }

  /** Requests to all places so far. */
  public int calls() {
    return places.values().stream().mapToInt(FakeArchive::calls).sum();
  }
}
