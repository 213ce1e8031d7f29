package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Properties;

/**
 * Who the node of a folder is. The incarnation is new with every disk and every changed address, so
 * that an old vote never counts for a new disk; the Raft peer id is {@code id~incarnation}.
 *
 * @param joinOnly it had data and lost it or moved: it may be admitted, but never founds a cluster
 * @param former {@code incarnation@address} before it moved, while its former Raft folder is kept;
 *     empty for none
 * @param group id of the Raft group whose data the folder holds; empty before it was in one
 */
record NodeIdentity(
    String id,
    String incarnation,
    String raftAddress,
    boolean joinOnly,
    String former,
    String group) {

  private static final String FILE = "node.properties";
  private static final SecureRandom RANDOM = new SecureRandom();

  static NodeIdentity create(String id, String raftAddress, boolean joinOnly) {
    byte[] random = new byte[6];
    RANDOM.nextBytes(random);
    return new NodeIdentity(id, HexFormat.of().formatHex(random), raftAddress, joinOnly, "", "");
  }

  String peerId() {
    return id + "~" + incarnation;
  }

  /** The node id in a Raft peer id. */
  static String nodeId(String peerId) {
    int at = peerId.lastIndexOf('~');
    return at < 0 ? peerId : peerId.substring(0, at);
  }

  static Path file(Path folder) {
    return folder.resolve(FILE);
  }

  static Optional<NodeIdentity> read(Path folder) throws IOException {
    Path file = file(folder);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    String id = properties.getProperty("id");
    String incarnation = properties.getProperty("incarnation");
    String address = properties.getProperty("raft-address");
    if (id == null || incarnation == null || address == null) {
      throw new IOException(file + " is damaged: it lacks id, incarnation or raft-address");
    }
    return Optional.of(
        new NodeIdentity(
            id,
            incarnation,
            address,
            Boolean.parseBoolean(properties.getProperty("join-only", "false")),
            properties.getProperty("former", ""),
            properties.getProperty("group", "")));
  }

  /** Durable on return. */
  void write(Path folder, FileBorder files) throws IOException {
    Properties properties = new Properties();
    properties.setProperty("id", id);
    properties.setProperty("incarnation", incarnation);
    properties.setProperty("raft-address", raftAddress);
    properties.setProperty("join-only", Boolean.toString(joinOnly));
    properties.setProperty("former", former);
    properties.setProperty("group", group);
    StringWriter text = new StringWriter();
    properties.store(text, "Written once; do not edit");
    Path temporary = folder.resolve(FILE + ".tmp");
    files.write(temporary, text.toString().getBytes(StandardCharsets.UTF_8));
    files.rename(temporary, folder.resolve(FILE));
    files.forceFolder(folder);
  }
}
