package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * rqlite's way to go on after a lost quorum or with new addresses: {@code raft/peers.json} in the
 * data directories of the nodes that it names. Each puts its log aside and waits for the others;
 * the one whose log reaches furthest goes on with it as {@code liferaftd recover} does, and admits
 * the others. See docs/adr/0006.
 *
 * <p>The file has three more names on its way, of which the last three lie in the data directory,
 * since Ratis takes every name in its own folder for a group's: {@code peers.json.begun} while the
 * log is put aside, {@code peers.json.pending} until this node is a member again, then {@code
 * peers.info}.
 */
final class PeersFile {

  private static final Logger log = LoggerFactory.getLogger(PeersFile.class);

  private final NodeConfig config;
  private final NodeFolder folder;
  private final FileBorder files;

  PeersFile(NodeConfig config, NodeFolder folder, FileBorder files) {
    this.config = config;
    this.folder = folder;
    this.files = files;
  }

  static Path in(Path dataDir) {
    return RatisServer.folder(dataDir).resolve("peers.json");
  }

  private Path begun() {
    return config.dataDir().resolve("peers.json.begun");
  }

  private Path pending() {
    return config.dataDir().resolve("peers.json.pending");
  }

  /**
   * What the file says, while that is not carried out; this node has no group then, and its log is
   * put aside. In a folder that this process has.
   *
   * @throws IllegalStateException when it cannot be obeyed; nothing has been changed then
   */
  Optional<GroupMembership.Listed> take() throws IOException {
    Path file = in(config.dataDir());
    if (Files.exists(file)) {
      GroupMembership.Listed _ = read(file);
      TornLog.cut(config.dataDir(), files);
      Recovery.Basis _ = basis(file);
      files.rename(file, begun()); // also in place of one that is under way
    }
    if (Files.exists(begun())) {
      GroupMembership.Listed list = read(begun());
      folder.putAside();
      files.rename(begun(), pending());
      files.forceFolder(config.dataDir());
      log.warn(
          "As {} says, this node goes on together with {}: it waits for all of them, and the log that reaches furthest counts",
          file,
          list.text());
    }
    if (Files.notExists(pending())) {
      return Optional.empty();
    }
    if (!NodeIdentity.read(config.dataDir()).map(NodeIdentity::joinOnly).orElse(false)) {
      done();
      return Optional.empty();
    }
    GroupMembership.Listed list = read(pending());
    return Optional.of(list.without(basis(pending()).others()));
  }

  /** This node is a member again. */
  void done() throws IOException {
    if (Files.exists(pending())) {
      files.rename(pending(), config.dataDir().resolve("peers.info"));
      files.forceFolder(config.dataDir());
    }
  }

  /** What this node has to go on with. */
  PeerAnswer.Offer offer(GroupMembership.Listed list) throws IOException {
    Recovery.Basis basis = basis(pending());
    return new PeerAnswer.Offer(list.text(), basis.lastTerm(), basis.last());
  }

  private Recovery.Basis basis(Path file) throws IOException {
    try {
      return new Recovery(config.dataDir()).basis(folder);
    } catch (Recovery.Refused e) {
      throw new IllegalStateException("%s cannot be obeyed: %s".formatted(file, e.getMessage()), e);
    }
  }

  private GroupMembership.Listed read(Path file) throws IOException {
    JsonNode peers;
    try {
      peers = JsonMapper.shared().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw refused(file, "it is not JSON: " + e.getOriginalMessage());
    } catch (java.nio.charset.CharacterCodingException e) {
      throw refused(file, "it is not text");
    }
    if (!peers.isArray() || peers.isEmpty()) {
      throw refused(file, "it is not a list of members");
    }
    Map<String, String> voters = new TreeMap<>();
    Map<String, String> nonVoters = new TreeMap<>();
    Set<String> addresses = new HashSet<>();
    for (JsonNode peer : peers) {
      String id = peer.path("id").asString("");
      String address = address(file, id, peer);
      if (voters.containsKey(id) || nonVoters.containsKey(id)) {
        throw refused(file, "it names node %s twice".formatted(id));
      }
      if (!addresses.add(address)) {
        throw refused(file, "it gives the address %s to two nodes".formatted(address));
      }
      (peer.path("non_voter").asBoolean(false) ? nonVoters : voters).put(id, address);
    }
    if (voters.isEmpty()) {
      throw refused(file, "it names no voter");
    }
    GroupMembership.Listed list = new GroupMembership.Listed(voters, nonVoters, Map.of());
    if (!config.raftAddress().equals(list.all().get(config.id()))) {
      throw refused(
          file,
          list.all().containsKey(config.id())
              ? "it has node %s at %s, but this node's Raft address is %s"
                  .formatted(config.id(), list.all().get(config.id()), config.raftAddress())
              : "it does not name this node, %s at %s"
                  .formatted(config.id(), config.raftAddress()));
    }
    return list;
  }

  private String address(Path file, String id, JsonNode peer) {
    String address = peer.path("address").asString("");
    try {
      if (!id.isEmpty() && !address.isEmpty()) {
        return HostPort.parse(address).toString();
      }
    } catch (IllegalArgumentException e) {
      log.debug("Not an address", e);
    }
    throw refused(file, "%s has no id, or no address host:port".formatted(peer));
  }

  private IllegalStateException refused(Path file, String why) {
    return new IllegalStateException(
        "%s cannot be obeyed: %s. It is to be the same on every node that it names, for example [{\"id\":\"%s\",\"address\":\"%s\"}]"
            .formatted(file, why, config.id(), config.raftAddress()));
  }
}
