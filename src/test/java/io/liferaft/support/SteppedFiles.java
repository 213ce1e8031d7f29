package io.liferaft.support;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file border at which a process can be made to die before any of its steps: from then on nothing
 * more is done to its files, until it is {@linkplain #revive brought back}. What a library does has
 * a step before it and one behind it, a file that is written one in the middle.
 */
public class SteppedFiles implements FileBorder {

  private final FileBorder under;
  private final List<String> steps = new ArrayList<>();
  private int deadly = Integer.MAX_VALUE;
  private boolean dead;

  public SteppedFiles(FileBorder under) {
    this.under = under;
  }

  /** Counts from here on, and dies before this step; the first is 1. */
  public final synchronized void arm(int step) {
    steps.clear();
    deadly = step;
  }

  /** Dies now. */
  public final synchronized void kill() {
    dead = true;
  }

  public final synchronized void revive() {
    steps.clear();
    deadly = Integer.MAX_VALUE;
    dead = false;
  }

  public final synchronized boolean dead() {
    return dead;
  }

  /** What has been done since {@link #arm}; the last was not, if it died. */
  public final synchronized List<String> steps() {
    return List.copyOf(steps);
  }

  /** Called before each step by the thread that takes it; may end the process. */
  protected void before(int number, String step) throws IOException {}

  private void step(String name) throws IOException {
    int number;
    synchronized (this) {
      if (dead) {
        throw new IOException("the process is dead");
      }
      steps.add(name);
      number = steps.size();
    }
    if (number >= deadly) {
      before(number, name);
      kill();
      throw new IOException("the process died before: " + name);
    }
    before(number, name);
  }

  @Override
  public void write(Path file, byte[] content) throws IOException {
    step("write " + file.getFileName());
    Files.write(file, Arrays.copyOf(content, content.length / 2));
    step("write the rest of " + file.getFileName());
    under.write(file, content);
  }

  @Override
  public void force(Path file) throws IOException {
    step("force " + file.getFileName());
    under.force(file);
  }

  @Override
  public void force(RandomAccessFile open, Path file) throws IOException {
    step("force " + file.getFileName());
    under.force(open, file);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    step("force the folder");
    under.forceFolder(folder);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step("rename " + from.getFileName() + " to " + to.getFileName());
    under.rename(from, to);
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    step("link " + existing.getFileName() + " as " + name.getFileName());
    under.link(existing, name);
  }

  @Override
  public void delete(Path file) throws IOException {
    if (Files.exists(file)) {
      step("delete " + file.getFileName());
      under.delete(file);
    }
  }

  @Override
  public void deleteFolder(Path folder) throws IOException {
    if (Files.exists(folder)) {
      step("delete all of " + folder.getFileName());
      under.deleteFolder(folder);
      step("have deleted all of " + folder.getFileName());
    }
  }

  @Override
  public void truncate(Path file, long size) throws IOException {
    step("truncate " + file.getFileName());
    under.truncate(file, size);
  }

  @Override
  public <E extends Exception> void run(String what, Step<E> work) throws E, IOException {
    step(what);
    under.run(what, work);
    step("have done: " + what);
  }
}
