package io.liferaft;

import io.liferaft.api.ApiConfiguration;
import io.liferaft.archive.ArchiveConfiguration;
import io.liferaft.backup.BackupConfiguration;
import io.liferaft.backup.BackupsCommand;
import io.liferaft.bench.BenchCommand;
import io.liferaft.cdc.CdcConfiguration;
import io.liferaft.cli.CommandLine;
import io.liferaft.maintenance.MaintenanceConfiguration;
import io.liferaft.membership.FormationFailed;
import io.liferaft.membership.MembershipConfiguration;
import io.liferaft.objectstore.ObjectStoreConfiguration;
import io.liferaft.queue.QueueConfiguration;
import io.liferaft.raft.RaftConfiguration;
import io.liferaft.raft.RecoverCommand;
import io.liferaft.restore.RestoreConfiguration;
import io.liferaft.security.SecurityConfiguration;
import io.liferaft.sqlite.SqliteConfiguration;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.actuate.autoconfigure.scheduling.ScheduledTasksEndpointAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackage;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.micrometer.observation.autoconfigure.ScheduledTasksObservationAutoConfiguration;
import org.springframework.boot.servlet.autoconfigure.MultipartAutoConfiguration;
import org.springframework.boot.tomcat.autoconfigure.metrics.TomcatMetricsAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.context.annotation.Import;
import org.springframework.modulith.Modulithic;

/**
 * Starts one node, or runs one of the commands that need none. The modules are named rather than
 * looked for: a scan reads every class of the jar at every start. Jackson's scan for mixins, which
 * nothing here has, gets a package that does not exist, and what no node uses is not put together.
 */
@Modulithic
@SpringBootConfiguration(proxyBeanMethods = false)
@AutoConfigurationPackage(basePackages = "io.liferaft.mixins")
@EnableAutoConfiguration(
    exclude = {
      AopAutoConfiguration.class,
      MultipartAutoConfiguration.class,
      ScheduledTasksEndpointAutoConfiguration.class,
      ScheduledTasksObservationAutoConfiguration.class,
      TaskSchedulingAutoConfiguration.class,
      TomcatMetricsAutoConfiguration.class
    })
@Import({
  LiferaftConfiguration.class,
  ApiConfiguration.class,
  ArchiveConfiguration.class,
  BackupConfiguration.class,
  CdcConfiguration.class,
  MaintenanceConfiguration.class,
  MembershipConfiguration.class,
  ObjectStoreConfiguration.class,
  QueueConfiguration.class,
  RaftConfiguration.class,
  RestoreConfiguration.class,
  SecurityConfiguration.class,
  SqliteConfiguration.class
})
public class LiferaftApplication {

  LiferaftApplication() {}

  public static void main(String[] args) {
    List<String> words = List.of(args);
    if (!words.isEmpty() && words.getFirst().equals("recover")) {
      // The libraries' log lines are for nodes.
      LoggingSystem.get(LiferaftApplication.class.getClassLoader()).beforeInitialize();
      System.exit(RecoverCommand.run(words.subList(1, words.size()), System.out, System.err));
    }
    if (!words.isEmpty() && words.getFirst().equals("backups")) {
      System.exit(BackupsCommand.run(words.subList(1, words.size()), System.out, System.err));
    }
    if (!words.isEmpty() && words.getFirst().equals("bench")) {
      System.exit(BenchCommand.run(words.subList(1, words.size()), System.out, System.err));
    }
    if (words.equals(List.of("train"))) {
      System.exit(TrainingRun.run(System.err));
    }
    switch (CommandLine.read(words, version())) {
      case CommandLine.Exit(int status, String text) -> {
        (status == 0 ? System.out : System.err).print(text);
        System.exit(status);
      }
      case CommandLine.Start(var arguments, var notices) -> start(arguments, notices);
    }
  }

  private static void start(List<String> arguments, List<String> notices) {
    OldGeneration.watch();
    SpringApplication application = new SpringApplication(LiferaftApplication.class);
    // By then logging is set up.
    application.addInitializers(
        _ -> notices.forEach(LoggerFactory.getLogger(LiferaftApplication.class)::info));
    application.addListeners(
        (ApplicationListener<PayloadApplicationEvent<FormationFailed>>)
            failed -> end(failed.getPayload().reason()));
    application.run(arguments.toArray(String[]::new));
  }

  /** As rqlited does: who looks after the process starts it again. */
  private static void end(String reason) {
    System.err.println(reason);
    System.exit(1);
  }

  private static String version() {
    String own = LiferaftApplication.class.getPackage().getImplementationVersion();
    return "liferaftd %s (HTTP API of rqlite v10.2.7) %s %s java%s"
        .formatted(
            own == null ? "unknown" : own,
            System.getProperty("os.name", ""),
            System.getProperty("os.arch", ""),
            Runtime.version());
  }
}
