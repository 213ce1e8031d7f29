package io.liferaft.support;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;

/**
 * The application, in a process that ends itself before a step at its files, as told by a file: the
 * number in it counts from the first step at which the file is there. It ends by {@link
 * Runtime#halt}, which to the disk and to the other nodes is the same as SIGKILL: no hook runs,
 * nothing is flushed or closed, connections break off.
 */
public final class KilledAtStep {

  /** System property: the file with the number. */
  public static final String ORDER = "liferaft.test.kill-order";

  private static final int KILLED = 137;

  private KilledAtStep() {}

  public static void main(String[] args) {
    Path order = Path.of(System.getProperty(ORDER));
    SpringApplication application = ProgramOnly.application();
    application.addInitializers(context ->
        context
            .getBeanFactory()
            .addBeanPostProcessor(
                new BeanPostProcessor() {
                  @Override
                  public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof FileBorder files ? new KillingFiles(files, order) : bean;
                  }
                }));
    application.run(args);
  }

  /** What the process says when it dies, beside the order. */
  public static Path death(Path order) {
    return order.resolveSibling("died-before");
  }

  private static final class KillingFiles extends SteppedFiles {
    private final Path order;
    private int taken;
    private @Nullable FileTime counted;

    KillingFiles(FileBorder under, Path order) {
      super(under);
      this.order = order;
    }

    @Override
    protected synchronized void before(int number, String step) throws IOException {
      if (Files.notExists(order)) {
        return;
      }
      FileTime given = Files.getLastModifiedTime(order);
      if (!given.equals(counted)) {
        counted = given; // another order
        taken = 0;
      }
      if (++taken == Integer.parseInt(Files.readString(order))) {
        Files.delete(order);
        Files.writeString(
            death(order), step + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        Runtime.getRuntime().halt(KILLED);
      }
    }
  }
}
