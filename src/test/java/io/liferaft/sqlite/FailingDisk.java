package io.liferaft.sqlite;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicInteger;

/** A real store on a disk that can be made to fail, until it is told to work again. */
public final class FailingDisk {

  private volatile boolean failing;
  private final AtomicInteger steps = new AtomicInteger();
  private volatile int failAt = Integer.MAX_VALUE;
  private volatile String failedStep = "";

  /** A closed store that keeps its files on this disk. */
  public SqliteStore store() {
    return store(new DiskFiles());
  }

  /** As {@link #store()}, over another border. */
  public SqliteStore store(FileBorder files) {
    FileBorder border =
        (FileBorder)
            Proxy.newProxyInstance(
                FileBorder.class.getClassLoader(),
                new Class<?>[] {FileBorder.class},
                (_, method, arguments) -> {
                  if (steps.incrementAndGet() >= failAt && !failing) {
                    failedStep = method.getName();
                    failing = true;
                  }
                  if (failing) {
                    throw new IOException("No space left on device");
                  }
                  try {
                    return method.invoke(files, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    return new SqliteStore(SqliteSettings.defaults(), null, border, Clock.systemUTC());
  }

  public void fail() {
    failing = true;
  }

  /** Fails from this step of the store's own on, counted from now; 1 is the next. */
  public void failAtStep(int step) {
    steps.set(0);
    failAt = step;
  }

  /** The step that was the first to fail; empty for none yet. */
  public String failedStep() {
    return failedStep;
  }

  public boolean failing() {
    return failing;
  }

  public void work() {
    failAt = Integer.MAX_VALUE;
    failedStep = "";
    failing = false;
  }
}
