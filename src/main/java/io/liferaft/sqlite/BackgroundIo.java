package io.liferaft.sqlite;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the disk serve others first. On Linux each thread has a priority of input and output
 * (ioprio_set(2)), which a JVM has no call for; the disk's scheduler may heed it (bfq) or not. A
 * thread hands it on to every one that it starts, so it is taken for one read at a time. Elsewhere,
 * and on virtual threads, whose carriers others use as well, nothing is changed.
 */
public final class BackgroundIo {

  private static final Logger log = LoggerFactory.getLogger(BackgroundIo.class);

  /** The last of the eight of the usual class; idle's would wait for ever beside a busy disk. */
  public static final long LOWEST = 2 << 13 | 7;

  private static final int THIS_THREAD = 0;
  private static final int WHO_PROCESS = 1;

  /** Numbers of ioprio_set by architecture; ioprio_get has the next one. */
  private static final Map<String, Long> SET = Map.of("amd64", 251L, "aarch64", 30L);

  private BackgroundIo() {}

  /** Loaded where it is wanted first: a start is long enough. */
  private static final class SystemCall {
    private static final @Nullable MethodHandle CALL = find();

    @SuppressWarnings("restricted") // sqlite-jdbc has the JVM allow it
    private static @Nullable MethodHandle find() {
      if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).equals("linux")) {
        return null;
      }
      Linker linker = Linker.nativeLinker();
      MemorySegment address = linker.defaultLookup().find("syscall").orElse(null);
      FunctionDescriptor longs =
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG);
      return address == null
          ? null
          : linker.downcallHandle(address, longs, Linker.Option.firstVariadicArg(1));
    }
  }

  /** A read of a file, which starts no thread. */
  @FunctionalInterface
  public interface Read {
    int run() throws IOException;
  }

  /** Reads when the disk has nothing better to do. */
  public static int read(Read read) throws IOException {
    long before = Thread.currentThread().isVirtual() ? -1 : priority();
    if (before < 0 || call(0, LOWEST) != 0) {
      return read.run();
    }
    try {
      return read.run();
    } finally {
      long _ = call(0, before);
    }
  }

  /** That of this thread; negative when there is none. */
  public static long priority() {
    return call(1, 0);
  }

  private static long call(int behindSet, long priority) {
    Long number = SET.get(System.getProperty("os.arch"));
    MethodHandle call = SystemCall.CALL;
    if (number == null || call == null) {
      return -1;
    }
    try {
      return (long)
          call.invokeExact(number + behindSet, (long) WHO_PROCESS, (long) THIS_THREAD, priority);
    } catch (Throwable e) { // as MethodHandle has it; a system call throws nothing
      log.debug("No priority of input and output", e);
      return -1;
    }
  }
}
