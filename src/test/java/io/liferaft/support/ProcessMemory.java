package io.liferaft.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The highest memory of a node's process since the last reset: resident as Linux counts it, heap as
 * the garbage collector's log says. Empty where the system does not tell.
 */
public final class ProcessMemory {

  private static final Pattern COLLECTION = Pattern.compile("(\\d+)M->\\d+M\\(");

  private final LiferaftProcess node;
  private final Path collections;
  private long read;

  /** Before the node's start. */
  public ProcessMemory(LiferaftProcess node, Path folder) {
    this.node = node;
    this.collections = folder.resolve(node.id() + "-gc.log");
    node.withJvmOption("-Xlog:gc:file=" + collections + "::filecount=0");
  }

  /** Forgets the highest values so far. */
  public void reset() {
    try {
      read = Files.exists(collections) ? Files.size(collections) : 0;
      Path peak = Path.of("/proc", String.valueOf(node.pid()), "clear_refs");
      if (Files.isWritable(peak)) {
        Files.writeString(peak, "5");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public OptionalLong residentMegabytes() {
    Path status = Path.of("/proc", String.valueOf(node.pid()), "status");
    if (Files.notExists(status)) {
      return OptionalLong.empty();
    }
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public OptionalLong heapMegabytes() {
    try {
      if (Files.notExists(collections)) {
        return OptionalLong.empty();
      }
      String all = Files.readString(collections);
      Matcher found = COLLECTION.matcher(all.substring((int) Math.min(read, all.length())));
      return found.results().mapToLong(each -> Long.parseLong(each.group(1))).max();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
