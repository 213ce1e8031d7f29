package io.liferaft.support;

import io.liferaft.sqlite.DiskFiles;
import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of one folder on a disk that may lose what was not forced when the power goes. No more
 * is taken for durable than POSIX promises: a file's bytes when the file was forced, its name when
 * the folder was forced afterwards. Of everything since then any pages and any names may be there
 * or not, in whatever order they were written; a rename alone is done or not done. What goes past
 * the border (SQLite's own writes) is found by comparing with what was there at the last force.
 */
public final class PowerLossFiles implements FileBorder {

  private static final int PAGE = 4096;

  private record Image(byte[] bytes, FileTime modified) {
    static final Image EMPTY = new Image(new byte[0], FileTime.fromMillis(1));
  }

  private final FileBorder disk = new DiskFiles();
  private final Path folder;
  private final Path graves;
  private final Map<Object, Image> forced = new HashMap<>();
  private Map<String, Object> names = new TreeMap<>();
  private final Map<Object, Path> buried = new HashMap<>();
  private final List<Set<String>> renamed = new ArrayList<>();

  /** What the folder holds now is taken for durable. */
  public PowerLossFiles(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder);
    this.graves = Files.createTempDirectory(folder.toAbsolutePath().getParent(), "graves-");
    names = listing();
    for (String name : names.keySet()) {
      remember(folder.resolve(name));
    }
  }

  /**
   * Makes a folder as it may be found after the power went.
   *
   * @param variant 0: nothing survives but what was forced; 1: all contents, no names; 2: all
   *     names, no contents; others: anything, told by the number
   */
  public synchronized void lose(int variant, Path into) throws IOException {
    Random random = new Random(variant);
    Files.createDirectories(into);
    Map<String, Object> now = listing();
    Map<Object, Path> made = new HashMap<>();
    for (Set<String> together : groups(now)) {
      boolean kept = variant == 2 || (variant > 2 && random.nextBoolean());
      for (String name : together) {
        Object file = kept ? now.get(name) : names.get(name);
        if (file == null) {
          continue;
        }
        Path target = into.resolve(name);
        Path twin = made.putIfAbsent(file, target);
        if (twin != null) {
          Files.createLink(target, twin);
        } else {
          Image image = content(file, now, variant, random);
          Files.write(target, image.bytes());
          Files.setLastModifiedTime(target, image.modified());
        }
      }
    }
  }

  /** Names whose fate is one. */
  private List<Set<String>> groups(Map<String, Object> now) {
    Set<String> all = new TreeSet<>(names.keySet());
    all.addAll(now.keySet());
    List<Set<String>> groups = new ArrayList<>();
    all.forEach(name -> groups.add(new TreeSet<>(Set.of(name))));
    for (Set<String> pair : renamed) {
      Set<String> merged = new TreeSet<>(pair);
      groups.removeIf(group -> {
        boolean joins = group.stream().anyMatch(pair::contains);
        if (joins) {
          merged.addAll(group);
        }
        return joins;
      });
      groups.add(merged);
    }
    return groups;
  }

  private Image content(Object file, Map<String, Object> now, int variant, Random random)
      throws IOException {
    Image durable = forced.getOrDefault(file, Image.EMPTY);
    Image last = last(file, now);
    if (last == null || variant == 0 || variant == 2) {
      return durable;
    }
    if (variant == 1 || Arrays.equals(last.bytes(), durable.bytes())) {
      return last;
    }
    byte[] old = durable.bytes();
    byte[] young = last.bytes();
    int length = random.nextInt(4) == 0 ? old.length : young.length;
    byte[] torn = new byte[length];
    int keptOfTen = 1 + random.nextInt(9);
    for (int at = 0; at < length; at += PAGE) {
      byte[] from = random.nextInt(10) < keptOfTen ? young : old;
      int count = Math.min(PAGE, Math.min(length, from.length) - at);
      if (count > 0) {
        System.arraycopy(from, at, torn, at, count);
      }
    }
    return new Image(torn, random.nextBoolean() ? last.modified() : durable.modified());
  }

  private @Nullable Image last(Object file, Map<String, Object> now) throws IOException {
    Path grave = buried.get(file);
    if (grave != null) {
      return image(grave);
    }
    for (Map.Entry<String, Object> entry : now.entrySet()) {
      if (entry.getValue().equals(file)) {
        return image(folder.resolve(entry.getKey()));
      }
    }
    return null;
  }

  private static Image image(Path file) throws IOException {
    return new Image(Files.readAllBytes(file), Files.getLastModifiedTime(file));
  }

  private Map<String, Object> listing() throws IOException {
    Map<String, Object> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        found.put(file.getFileName().toString(), key(file));
      }
    }
    return found;
  }

  /** What has gone from the folder for good. */
  public Path graves() {
    return graves;
  }

  private static Object key(Path file) throws IOException {
    return Objects.requireNonNull(
        Files.readAttributes(file, BasicFileAttributes.class).fileKey(),
        "a file system with inodes");
  }

  private void remember(Path file) throws IOException {
    forced.put(key(file), image(file));
  }

  /** A second name keeps the bytes of a file that goes, and its number from being used again. */
  private void bury(Path file) throws IOException {
    if (Files.isRegularFile(file) && !buried.containsKey(key(file))) {
      Path grave = graves.resolve("grave-" + buried.size());
      Files.createLink(grave, file);
      buried.put(key(file), grave);
    }
  }

  @Override
  public synchronized void write(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    remember(file);
  }

  @Override
  public synchronized void force(Path file) throws IOException {
    remember(file);
  }

  @Override
  public synchronized void force(RandomAccessFile open, Path file) throws IOException {
    remember(file);
  }

  @Override
  public synchronized void forceFolder(Path forcedFolder) throws IOException {
    names = listing();
    renamed.clear();
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    bury(to);
    disk.rename(from, to);
    renamed.add(new HashSet<>(Set.of(from.getFileName().toString(), to.getFileName().toString())));
  }

  @Override
  public synchronized void link(Path existing, Path name) throws IOException {
    disk.link(existing, name);
  }

  @Override
  public synchronized void delete(Path file) throws IOException {
    bury(file);
    disk.delete(file);
  }

  @Override
  public void deleteFolder(Path deleted) throws IOException {
    disk.deleteFolder(deleted);
  }

  @Override
  public synchronized void truncate(Path file, long size) throws IOException {
    disk.truncate(file, size);
    remember(file);
  }

  @Override
  public <E extends Exception> void run(String what, Step<E> step) throws E, IOException {
    step.run();
  }
}
