package io.liferaft.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * rqlite's way to go on after a lost quorum: {@code raft/peers.json} in the data directory of a
 * node that starts. Here it may name that one node only, whose data then counts, as with {@code
 * liferaftd recover}; the others are admitted to it. It is renamed when it has been obeyed.
 */
final class PeersFile {

  private static final Logger log = LoggerFactory.getLogger(PeersFile.class);

  private PeersFile() {}

  static Path in(Path dataDir) {
    return RatisServer.folder(dataDir).resolve("peers.json");
  }

  /**
   * Does what the file says, if there is one.
   *
   * @param folder taken by this process
   * @throws IllegalStateException when it cannot be obeyed; nothing has been changed then
   */
  static void obey(NodeConfig config, NodeFolder folder) throws IOException {
    Path file = in(config.dataDir());
    // Ratis takes every name in its folder for a group's.
    Path aside = config.dataDir().resolve("peers.json.tmp");
    if (Files.exists(aside)) { // a kill came in between; obeying twice does no harm
      Path _ = Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING);
    }
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      return;
    }
    check(text, config, file);
    Path _ = Files.move(file, aside);
    try {
      Recovery.Outcome done = new Recovery(config.dataDir()).runIn(folder);
      log.warn(
          "As {} says, this node is the only member of cluster group {} now, with everything up to log index {}; these were members with it and are admitted when they come with empty directories: {}",
          file,
          done.group(),
          done.lastIndex(),
          done.others());
    } catch (Recovery.Refused e) {
      Path _ = Files.move(aside, file);
      throw new IllegalStateException("%s cannot be obeyed: %s".formatted(file, e.getMessage()), e);
    }
    Path _ =
        Files.move(
            aside, config.dataDir().resolve("peers.info"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static void check(String text, NodeConfig config, Path file) {
    JsonNode peers;
    try {
      peers = JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw refused(file, "it is not JSON: " + e.getOriginalMessage(), config);
    }
    if (!peers.isArray() || peers.isEmpty()) {
      throw refused(file, "it is not a list of members", config);
    }
    if (peers.size() > 1) {
      throw refused(
          file,
          "it names %d members: name the one whose data is to count, the others are admitted to it"
              .formatted(peers.size()),
          config);
    }
    JsonNode self = peers.get(0);
    boolean own =
        self.path("id").asString("").equals(config.id())
            && self.path("address").asString("").equals(config.raftAddress())
            && !self.path("non_voter").asBoolean(false);
    if (!own) {
      throw refused(file, "it does not name this node as a voter", config);
    }
  }

  private static IllegalStateException refused(Path file, String why, NodeConfig config) {
    return new IllegalStateException(
        "%s cannot be obeyed: %s, for example [{\"id\":\"%s\",\"address\":\"%s\"}]"
            .formatted(file, why, config.id(), config.raftAddress()));
  }
}
