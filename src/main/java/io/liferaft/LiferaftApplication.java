package io.liferaft;

import io.liferaft.raft.RecoverCommand;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.logging.LoggingSystem;

/** Starts one node, or runs the one command for a stopped one. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class LiferaftApplication {

  LiferaftApplication() {}

  public static void main(String[] args) {
    if (args.length > 0 && !args[0].startsWith("-")) {
      System.exit(command(List.of(args)));
    }
    SpringApplication.run(LiferaftApplication.class, args);
  }

  private static int command(List<String> words) {
    if (!words.getFirst().equals("recover")) {
      System.err.printf(
          "liferaftd: unknown command '%s': settings start with --, the only command is recover%n",
          words.getFirst());
      return 2;
    }
    // The libraries' log lines are for nodes.
    LoggingSystem.get(LiferaftApplication.class.getClassLoader()).beforeInitialize();
    return RecoverCommand.run(words.subList(1, words.size()), System.out, System.err);
  }
}
