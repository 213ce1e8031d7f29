package io.liferaft.support;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import jdk.management.jfr.RemoteRecordingStream;

/** What a node's process has used, by counters that do not depend on how fast the machine is. */
public final class ProcessCost implements AutoCloseable {

  /** What something has cost. */
  public record Cost(long allocatedBytes, long contextSwitches, long writtenBytes) {

    /** For each of so many requests. */
    public Cost per(int requests) {
      return new Cost(
          allocatedBytes / requests, contextSwitches / requests, writtenBytes / requests);
    }
  }

  private final Path proc;
  private final JMXConnector connector;
  private final MBeanServerConnection beans;

  @SuppressWarnings("BanJNDI") // the address is what our own child has just told
  public ProcessCost(LiferaftProcess node) {
    this.proc = Path.of("/proc", String.valueOf(node.pid()));
    try {
      VirtualMachine machine = VirtualMachine.attach(String.valueOf(node.pid()));
      try {
        this.connector =
            JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
        this.beans = connector.getMBeanServerConnection();
      } finally {
        machine.detach();
      }
    } catch (IOException | AttachNotSupportedException e) {
      throw new IllegalStateException("cannot look into process " + node.pid(), e);
    }
  }

  /** Whether the system tells more than the virtual machine does. */
  public boolean complete() {
    return Files.isReadable(proc.resolve("io"));
  }

  /** What the process uses while this runs; 0 for what the system does not tell. */
  public Cost of(Runnable work) {
    Cost before = now();
    work.run();
    Cost after = now();
    return new Cost(
        after.allocatedBytes - before.allocatedBytes,
        after.contextSwitches - before.contextSwitches,
        after.writtenBytes - before.writtenBytes);
  }

  /** How often Java forces a file to the disk while this runs. */
  public long forcesOf(Runnable work) {
    AtomicLong forces = new AtomicLong();
    try (RemoteRecordingStream recording = new RemoteRecordingStream(beans)) {
      var _ = recording.enable("jdk.FileForce").withoutThreshold().withoutStackTrace();
      recording.onEvent("jdk.FileForce", _ -> forces.incrementAndGet());
      recording.startAsync();
      work.run();
      boolean _ = recording.stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return forces.get();
  }

  private Cost now() {
    try {
      long allocated =
          (Long)
              beans.getAttribute(
                  new ObjectName("java.lang:type=Threading"), "TotalThreadAllocatedBytes");
      return complete()
          ? new Cost(allocated, contextSwitches(), field(proc.resolve("io"), "wchar:"))
          : new Cost(allocated, 0, 0);
    } catch (IOException | JMException e) {
      throw new IllegalStateException(e);
    }
  }

  private long contextSwitches() throws IOException {
    long sum = 0;
    List<Path> threads;
    try (Stream<Path> all = Files.list(proc.resolve("task"))) {
      threads = all.toList();
    }
    for (Path thread : threads) {
      try {
        sum += field(thread.resolve("status"), "voluntary_ctxt_switches:");
      } catch (NoSuchFileException _) {
        sum += 0; // it has ended meanwhile
      }
    }
    return sum;
  }

  /** What a process has read from files and sockets so far; 0 where the system does not tell. */
  public static long bytesRead(LiferaftProcess node) {
    Path io = Path.of("/proc", String.valueOf(node.pid()), "io");
    try {
      return Files.isReadable(io) ? field(io, "rchar:") : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long field(Path file, String name) throws IOException {
    return Files.readAllLines(file).stream()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElse(0);
  }

  @Override
  public void close() {
    try {
      connector.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
