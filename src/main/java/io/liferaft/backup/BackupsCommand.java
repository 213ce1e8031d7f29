package io.liferaft.backup;

import io.liferaft.archive.ArchiveConfiguration;
import io.liferaft.archive.BackupArchive;
import io.liferaft.archive.BackupArchives;
import io.liferaft.archive.CorruptBackupException;
import io.liferaft.archive.EncryptionKeyException;
import io.liferaft.archive.ListedBackup;
import io.liferaft.archive.PruneReport;
import io.liferaft.archive.RestorePoint;
import io.liferaft.archive.StoredBackup;
import io.liferaft.objectstore.ObjectStoreConfiguration;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.sqlite.SqliteException;
import io.liferaft.sqlite.SqliteStore;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeansException;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.FileSystemUtils;

/** {@code liferaftd backups …}: what lies at a target, without a node. */
public final class BackupsCommand {

  private static final String HELP =
      """
      Usage: liferaftd backups list   --target=TARGET
             liferaftd backups get    --target=TARGET [--point=POINT] FILE
             liferaftd backups verify --target=TARGET [--point=POINT | --all] [--depth=DEPTH]
             liferaftd backups prune  --target=TARGET [--dry-run]

      Works on the backups of a target when nothing runs. Only prune changes anything there.

        list    all restore points, newest first; of a target without a slash at its end the one it has
        get     fetches one into FILE, a plain SQLite database; FILE must not exist
        verify  looks whether one, or all of an archive, can be restored
        prune   deletes the restore points of an archive that the settings liferaft.backup.retention.*
                do not keep (without any, those of a node without any); beside a running cluster,
                too, if they are the same as there

      TARGET    as liferaft.backup.target: s3://bucket/prefix/, s3://bucket/key, file:/dir/, file:/dir/name
      DEPTH     manifest: is everything there; hashes: fetched, every hash; database (the default):
                and SQLite's own check
      POINT     latest (the default), the id of a backup, index:41415, or time:2026-11-29T01:02:03Z

      Every setting of a node may follow as --name=value, or be in the environment, for example
      --spring.cloud.aws.s3.endpoint=http://127.0.0.1:9000 or AWS_ACCESS_KEY_ID.

      Exit status: 0 done; 1 damaged, not there, its key not given, or the store does not answer; 2 wrong usage.
      """;

  private BackupsCommand() {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import({ObjectStoreConfiguration.class, ArchiveConfiguration.class})
  @EnableConfigurationProperties(BackupProperties.class)
  static class Places {}

  /**
   * What the command line asks for.
   *
   * @param file null where none is wanted
   * @param settings of the node, as {@code --name=value}
   */
  private record Request(
      String action,
      String target,
      RestorePoint point,
      boolean all,
      VerifyDepth depth,
      boolean dryRun,
      @Nullable Path file,
      List<String> settings) {

    /**
     * @throws IllegalArgumentException when it makes no sense, saying why
     */
    static Request of(List<String> arguments) {
      String target = "";
      RestorePoint point = new RestorePoint.Latest();
      boolean all = false;
      VerifyDepth depth = VerifyDepth.DATABASE;
      boolean dryRun = false;
      List<String> settings = new ArrayList<>();
      List<String> words = new ArrayList<>();
      for (String argument : arguments) {
        if (argument.startsWith("--target=")) {
          target = argument.substring(9);
        } else if (argument.startsWith("--point=")) {
          point = RestorePoint.parse(argument.substring(8));
        } else if (argument.equals("--all")) {
          all = true;
        } else if (argument.startsWith("--depth=")) {
          depth = VerifyDepth.of(argument.substring(8));
        } else if (argument.equals("--dry-run")) {
          dryRun = true;
        } else if (argument.startsWith("--") && argument.contains("=")) {
          settings.add(argument);
        } else if (argument.startsWith("-")) {
          throw new IllegalArgumentException(
              "unknown option " + argument + ", or one that wants =VALUE behind it");
        } else {
          words.add(argument);
        }
      }
      String action = words.isEmpty() ? "" : words.getFirst();
      int wanted = action.equals("get") ? 2 : 1;
      if (!List.of("list", "get", "verify", "prune").contains(action)) {
        throw new IllegalArgumentException("one of list, get, verify and prune is wanted");
      }
      if (words.size() != wanted) {
        throw new IllegalArgumentException(
            wanted == 2 ? "get wants one FILE" : action + " wants no " + words.getLast());
      }
      if (all && !(point instanceof RestorePoint.Latest)) {
        throw new IllegalArgumentException("--all and --point exclude each other");
      }
      if (dryRun && !action.equals("prune")) {
        throw new IllegalArgumentException("--dry-run belongs to prune");
      }
      if (target.isBlank()) {
        throw new IllegalArgumentException("--target is wanted");
      }
      Path file = wanted == 2 ? Path.of(words.getLast()) : null;
      return new Request(action, target, point, all, depth, dryRun, file, settings);
    }
  }

  /**
   * Runs the command.
   *
   * @param arguments what follows the word {@code backups}
   * @return the exit status
   */
  public static int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.isEmpty() || arguments.contains("--help") || arguments.contains("-h")) {
      out.print(HELP);
      return 0;
    }
    Request request;
    try {
      request = Request.of(arguments);
    } catch (IllegalArgumentException e) {
      err.print("liferaftd backups: " + e.getMessage() + "\n\n" + HELP);
      return 2;
    }
    try (ConfigurableApplicationContext context = start(request)) {
      BackupArchive archive = context.getBean(BackupArchives.class).open(request.target(), true);
      return switch (request.action()) {
        case "list" -> list(archive, out);
        case "get" -> get(archive, request, out);
        case "prune" -> {
          BackupProperties properties = context.getBean(BackupProperties.class);
          yield prune(archive, properties.retention(), request.dryRun(), out, err);
        }
        default -> verify(archive, request, out, err);
      };
    } catch (IllegalArgumentException e) {
      err.println("liferaftd backups: " + e.getMessage());
      return 2;
    } catch (BeansException e) {
      err.println(
          "liferaftd backups: " + NestedExceptionUtils.getMostSpecificCause(e).getMessage());
      return 2;
    } catch (ObjectStoreException | CorruptBackupException | SqliteException e) {
      err.println("liferaftd backups: " + e.getMessage());
    } catch (IOException | UncheckedIOException e) {
      err.println("liferaftd backups: " + e);
    }
    return 1;
  }

  private static ConfigurableApplicationContext start(Request request) {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "--liferaft.backup.target=" + request.target(),
                "--logging.level.root=ERROR",
                "--management.endpoint.health.validate-group-membership=false"));
    settings.addAll(request.settings());
    return new SpringApplicationBuilder(Places.class)
        .web(WebApplicationType.NONE)
        .bannerMode(Banner.Mode.OFF)
        .logStartupInfo(false)
        .run(settings.toArray(String[]::new));
  }

  private static int list(BackupArchive archive, PrintStream out) {
    List<ListedBackup> backups = listed(archive);
    out.printf(
        "%-20s  %12s  %8s  %12s  %s%n", "created", "change index", "term", "bytes added", "id");
    for (ListedBackup backup : backups.reversed()) {
      out.printf(
          "%-20s  %12d  %8d  %12d  %s%s%n",
          backup.created(),
          backup.changeIndex(),
          backup.term(),
          backup.addedBytes(),
          backup.id(),
          (backup.newest() ? "  (newest)" : "") + pin(backup));
    }
    out.printf(
        "%d restore point%s at %s%n",
        backups.size(), backups.size() == 1 ? "" : "s", archive.location());
    return 0;
  }

  private static List<ListedBackup> listed(BackupArchive archive) {
    return archive.keepsEarlier()
        ? archive.list()
        : archive.toRestore().stream()
            .map(one ->
                new ListedBackup(
                    one.key(),
                    "",
                    one.manifest().term(),
                    one.manifest().changeIndex(),
                    one.stored().truncatedTo(ChronoUnit.SECONDS),
                    one.storedBytes(),
                    true,
                    false,
                    null))
            .toList();
  }

  private static String pin(ListedBackup backup) {
    String own = backup.pinned() ? "  (pinned)" : "";
    String holder = backup.keptWith();
    if (holder == null) {
      return own;
    }
    return holder.equals(backup.id())
        ? "  (pinned with all older ones)"
        : own + "  (kept with " + holder + ")";
  }

  private static StoredBackup find(BackupArchive archive, RestorePoint point) {
    return archive
        .find(point)
        .orElseThrow(() ->
            new ObjectStoreException(
                ObjectStoreException.Reason.NOT_FOUND,
                "there is no backup at " + archive.location(),
                null));
  }

  private static int get(BackupArchive archive, Request request, PrintStream out)
      throws IOException {
    Path named = request.file();
    if (named == null || named.toString().isBlank()) {
      throw new IllegalArgumentException("name the file that the database is to be written to");
    }
    Path file = named.toAbsolutePath();
    if (Files.exists(file)) {
      throw new IllegalArgumentException(named + " is there already: name a file that is not");
    }
    Path folder = file.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new IllegalArgumentException(folder + " is no directory: make it, then get " + named);
    }
    StoredBackup backup = find(archive, request.point());
    Path unverified = file.resolveSibling(file.getFileName() + ".unverified");
    String sha256;
    try {
      sha256 = archive.fetch(backup, unverified, _ -> {});
    } catch (CorruptBackupException e) {
      // What has come would be of use to another try only where another one can succeed.
      boolean _ =
          Files.deleteIfExists(unverified.resolveSibling(unverified.getFileName() + ".part"));
      throw e;
    }
    var _ = SqliteStore.verify(unverified);
    Files.move(unverified, file);
    out.printf(
        "%s: the database of %s as of change index %d, %d bytes, every hash right (%s %s)%n",
        file,
        backup.stored(),
        backup.manifest().changeIndex(),
        Files.size(file),
        archive.keepsEarlier() ? "treeSha256" : "sha256",
        sha256);
    return 0;
  }

  private static int prune(
      BackupArchive archive,
      BackupProperties.Retention retention,
      boolean dryRun,
      PrintStream out,
      PrintStream err) {
    if (!archive.keepsEarlier()) {
      throw new IllegalArgumentException(archive.location() + " is no archive: nothing to prune");
    }
    if (!retention.delete() && !dryRun) {
      throw new IllegalArgumentException(
          "liferaft.backup.retention.delete=false: nothing is deleted");
    }
    PruneReport report;
    do {
      report = archive.prune(retention.policy(), Instant.now(Clock.systemUTC()), dryRun);
      boolean whole = !(dryRun && report.more());
      if (whole) {
        String word = dryRun ? "would go" : "gone";
        report.backups().forEach(id -> out.printf("%-8s  %s%n", word, id));
        out.printf(
            "%d restore points and %d packs of %d bytes %s, %d restore points stay%n",
            report.backups().size(),
            report.packs().size(),
            report.packBytes(),
            word,
            report.kept());
      }
    } while (report.more() && report.problem() == null);
    if (report.problem() != null) {
      err.println("liferaftd backups: " + report.problem());
      return 1;
    }
    return 0;
  }

  /** Whether it has been deleted since it was listed. */
  private static boolean pruned(BackupArchive archive, RestorePoint point) {
    return archive.list().stream().noneMatch(backup -> backup.id().equals(point.toString()));
  }

  private static int verify(
      BackupArchive archive, Request request, PrintStream out, PrintStream err) throws IOException {
    List<RestorePoint> points =
        request.all()
            ? archive.list().reversed().stream()
                .<RestorePoint>map(backup -> new RestorePoint.Id(backup.id()))
                .toList()
            : List.of(request.point());
    Path folder = Files.createTempDirectory("liferaft-verify-");
    int damaged = 0;
    int locked = 0;
    try {
      for (RestorePoint point : points) {
        Path file = folder.resolve("database.sqlite");
        String name = point.toString();
        try {
          StoredBackup backup = find(archive, point);
          name = archive.idOf(backup).orElse(backup.key());
          if (archive.keepsEarlier()) {
            var _ = archive.inspect(backup);
          }
          long bytes = backup.manifest().sizeBytes();
          if (request.depth() != VerifyDepth.MANIFEST) {
            String _ = archive.fetch(backup, file, _ -> {});
            bytes = Files.size(file);
          }
          boolean empty = request.depth() == VerifyDepth.DATABASE && SqliteStore.verify(file);
          backup.requireContent(empty);
          out.printf(
              "good     %s  change index %d, %d bytes%s%n",
              name, backup.manifest().changeIndex(), bytes, empty ? ", without any object" : "");
        } catch (CorruptBackupException | SqliteException.InvalidDatabase e) {
          if (request.all() && pruned(archive, point)) {
            out.printf("pruned   %s%n", point);
          } else {
            damaged++;
            err.printf("DAMAGED  %s  %s%n", name, e.getMessage());
          }
        } catch (EncryptionKeyException e) {
          if (!request.all()) {
            throw e;
          }
          locked++;
          err.printf("NO KEY   %s  %s%n", name, e.getMessage());
        } catch (ObjectStoreException e) {
          if (!(request.all() && pruned(archive, point))) {
            throw e;
          }
          out.printf("pruned   %s%n", point);
        }
      }
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
    out.printf(
        "%d verified, %d damaged%s%n",
        points.size() - locked,
        damaged,
        locked == 0 ? "" : ", %d without their key".formatted(locked));
    return damaged + locked == 0 ? 0 : 1;
  }
}
