package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other nodes of this one's cluster: those of the list it was given, and those that entered
 * without one. These are kept in a file, for the time in which the log is not open. Any thread.
 */
final class KnownMembers {

  /** In the data directory; one {@code id=host:port} a line. */
  static final String FILE = "members";

  private static final Logger log = LoggerFactory.getLogger(KnownMembers.class);

  private final NodeConfig config;
  private final FileBorder files;
  private volatile Map<String, String> remembered;

  KnownMembers(NodeConfig config, FileBorder files) {
    this.config = config;
    this.files = files;
    this.remembered = read(config.dataDir().resolve(FILE));
  }

  private static Map<String, String> read(Path file) {
    Map<String, String> members = new TreeMap<>();
    try {
      for (String line : Files.readAllLines(file)) {
        int equals = line.indexOf('=');
        if (equals > 0) {
          members.put(line.substring(0, equals), line.substring(equals + 1));
        }
      }
    } catch (NoSuchFileException e) {
      log.debug("No other members are known", e);
    } catch (IOException e) {
      log.warn("{} cannot be read: {}", file, e.toString());
    }
    return Map.copyOf(members);
  }

  /** Raft address by node id, this node not included. Addresses of the list go before others. */
  Map<String, String> others() {
    Map<String, String> others = new LinkedHashMap<>(remembered);
    others.putAll(config.initialCluster());
    others.remove(config.id());
    return others;
  }

  /** The same, this node included. */
  Map<String, String> all() {
    Map<String, String> all = new TreeMap<>(others());
    all.put(config.id(), config.raftAddress());
    return all;
  }

  /** Whether a node is one of them, or this one. */
  boolean knows(String id) {
    return id.equals(config.id()) || others().containsKey(id);
  }

  /** Whether there is nobody else, and nobody is looked for. */
  boolean alone() {
    return others().isEmpty() && !config.join().joins();
  }

  /** Whom a cluster that this node founds is to begin with, this node included. */
  Map<String, String> founders() {
    return config.join().expect() == 0 ? config.initialCluster() : all();
  }

  /** Keeps who is in the cluster; durable on return when no list of members says so. */
  synchronized void remember(Map<String, String> members) {
    Map<String, String> news = new TreeMap<>(members);
    news.remove(config.id());
    if (news.equals(remembered)
        || (remembered.isEmpty()
            && config.initialCluster().entrySet().containsAll(news.entrySet()))) {
      return;
    }
    List<String> lines =
        news.entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).toList();
    Path file = config.dataDir().resolve(FILE);
    Path temporary = config.dataDir().resolve(FILE + ".tmp");
    try {
      files.write(temporary, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
      files.rename(temporary, file);
      files.forceFolder(config.dataDir());
      remembered = Map.copyOf(news);
    } catch (ClosedByInterruptException e) {
      log.debug("This node is stopping", e);
    } catch (IOException e) {
      log.warn("{} cannot be written: {}", file, e.toString());
    }
  }
}
