package io.liferaft.sqlite;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Clock;

/** A real store on a disk that can be made to fail, until it is told to work again. */
public final class FailingDisk {

  private volatile boolean failing;

  /** A closed store that keeps its files on this disk. */
  public SqliteStore store() {
    DiskFiles files = new DiskFiles();
    FileBorder border =
        (FileBorder)
            Proxy.newProxyInstance(
                FileBorder.class.getClassLoader(),
                new Class<?>[] {FileBorder.class},
                (_, method, arguments) -> {
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

  public void work() {
    failing = false;
  }
}
