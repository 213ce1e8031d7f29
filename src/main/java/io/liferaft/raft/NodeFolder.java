package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a node's data directory says before Ratis and the store open it. */
final class NodeFolder {

  private static final Logger log = LoggerFactory.getLogger(NodeFolder.class);
  static final String RECORD = "snapshot.record";

  /** A new Raft folder on its way; worth nothing. */
  static final String RECOVERING = "raft-recovering";

  /** A new Raft folder that is complete: from its rename on it counts. */
  static final String RECOVERED = "raft-recovered";

  /** Says that nothing in the directory counts any more. */
  private static final String DISCARD = "discard";

  private final NodeConfig config;
  private final Path folder;
  private final FileBorder files;
  private final BooleanSupplier alone;

  private @Nullable FileChannel lock;

  /** Of a node whose list of members says whether it has others. */
  NodeFolder(NodeConfig config, FileBorder files) {
    this(config, files, () -> config.initialCluster().size() == 1);
  }

  /**
   * @param alone whether this is the cluster's only node
   */
  NodeFolder(NodeConfig config, FileBorder files, BooleanSupplier alone) {
    this.alone = alone;
    this.files = files;
    this.config = config;
    this.folder = config.dataDir();
  }

  /**
   * Takes the directory for this process, until {@link #unlock}; before anything else is opened.
   *
   * @throws SqliteException.FolderInUse when another one has it
   */
  void lock() throws IOException {
    if (lock != null) {
      return;
    }
    Files.createDirectories(folder);
    FileChannel channel =
        FileChannel.open(
            folder.resolve("node.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      taken = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      log.debug("This process has the directory itself", e);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
    if (!taken) {
      throw new SqliteException.FolderInUse(
          "the data directory %s is used by another process: stop that one, or give this node another liferaft.node.data-dir"
              .formatted(folder));
    }
    lock = channel;
  }

  /** Room left on the directory's disk in bytes; without end when that cannot be told. */
  long usableBytes() {
    long usable = folder.toFile().getUsableSpace();
    return usable == 0 && Files.notExists(folder) ? Long.MAX_VALUE : usable;
  }

  void unlock() {
    FileChannel held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        log.warn("The lock of {} is not given back: {}", folder, e.toString());
      }
    }
  }

  /**
   * The directory's identity, made when there is none; a new incarnation when the address of a
   * member of several has changed.
   *
   * @throws IllegalStateException when the directory belongs to another node
   */
  NodeIdentity identify() throws IOException {
    Files.createDirectories(folder);
    finishRecovery();
    finishDiscarding();
    Optional<NodeIdentity> known = NodeIdentity.read(folder);
    if (known.isEmpty()) {
      if (holdsGroup()) {
        throw new IllegalStateException(
            "%s is missing, but there is a Raft folder: under another name this node's votes would count twice. %s"
                .formatted(
                    NodeIdentity.file(folder),
                    "Put the file back from a copy of the directory, or, while the other nodes work or a backup is there, start from an empty directory"));
      }
      NodeIdentity created = NodeIdentity.create(config.id(), config.raftAddress(), false);
      created.write(folder, files);
      return created;
    }
    NodeIdentity own = known.get();
    if (!own.id().equals(config.id())) {
      throw new IllegalStateException(
          "the data directory %s belongs to node %s, but liferaft.node.id is %s: use the old id or another directory"
              .formatted(folder, own.id(), config.id()));
    }
    if (own.former().endsWith("@" + config.raftAddress()) && Files.exists(keptRaft())) {
      return movedBack(own);
    }
    if (!own.raftAddress().equals(config.raftAddress()) && !alone.getAsBoolean()) {
      log.warn(
          "The Raft address of this node has changed from {} to {}: it asks to be admitted again; until then its former log is kept",
          own.raftAddress(),
          config.raftAddress());
      return newIncarnation(own.incarnation() + "@" + own.raftAddress());
    }
    return holdsGroup() ? own : withoutGroup(own);
  }

  /**
   * Without a Raft folder it remembers no vote and no entry, so nobody may take it for who it was.
   */
  private NodeIdentity withoutGroup(NodeIdentity own) throws IOException {
    boolean holdsData = !own.joinOnly() && !isFresh();
    if (holdsData && alone.getAsBoolean()) {
      throw new IllegalStateException(
          "the Raft folder %s is missing, but this node holds data: put this directory back from a copy of it, or start from an empty one, which restores the backup"
              .formatted(RatisServer.folder(folder)));
    }
    NodeIdentity other =
        NodeIdentity.create(own.id(), own.raftAddress(), own.joinOnly() || holdsData);
    NodeIdentity created =
        new NodeIdentity(
            other.id(),
            other.incarnation(),
            other.raftAddress(),
            other.joinOnly(),
            own.former(),
            own.group());
    created.write(folder, files);
    return created;
  }

  /** The directory's identity as it is. */
  NodeIdentity identity() throws IOException {
    return NodeIdentity.read(folder)
        .orElseThrow(() -> new IOException(NodeIdentity.file(folder) + " is missing"));
  }

  /** It is where it was before: it goes on with what it had. */
  private NodeIdentity movedBack(NodeIdentity own) throws IOException {
    String incarnation = own.former().substring(0, own.former().indexOf('@'));
    files.deleteFolder(RatisServer.folder(folder));
    files.rename(keptRaft(), RatisServer.folder(folder));
    NodeIdentity before =
        new NodeIdentity(own.id(), incarnation, config.raftAddress(), false, "", own.group());
    before.write(folder, files);
    log.info("This node is back at its former address {} and goes on", config.raftAddress());
    return before;
  }

  /**
   * Puts the log aside until it is clear whose counts; this node has no group then. Does no harm
   * when run again.
   */
  void putAside() throws IOException {
    NodeIdentity own = identity();
    if (own.former().isEmpty()) {
      files.deleteFolder(keptRaft()); // left over: its log is the one in Ratis' folder
    }
    NodeIdentity _ =
        newIncarnation(
            own.former().isEmpty()
                ? own.incarnation() + "@" + own.raftAddress()
                : own.former()); // of the log: it has moved before, or a kill came in between
  }

  /**
   * Puts the Raft folder aside: this node must be admitted again and never founds. The folder is
   * deleted only when that has happened, since the cluster may need it.
   *
   * @param former see {@link NodeIdentity#former}
   */
  NodeIdentity newIncarnation(String former) throws IOException {
    // First the identity: with the old one a half-moved Raft folder could vote.
    NodeIdentity fresh = NodeIdentity.create(config.id(), config.raftAddress(), true);
    NodeIdentity created =
        new NodeIdentity(
            fresh.id(),
            fresh.incarnation(),
            fresh.raftAddress(),
            fresh.joinOnly(),
            former,
            NodeIdentity.read(folder).map(NodeIdentity::group).orElse(""));
    created.write(folder, files);
    Path raft = RatisServer.folder(folder);
    if (Files.exists(raft) && Files.notExists(keptRaft())) {
      files.rename(raft, keptRaft());
    } else {
      files.deleteFolder(raft);
    }
    return created;
  }

  /**
   * Whose data lies here; empty when it cannot be told. A member notes its group some time after it
   * is in: until then the Raft folder says it, also one that is put aside.
   */
  String groupOf(NodeIdentity own) throws IOException {
    if (!own.group().isEmpty()) {
      return own.group();
    }
    for (Path raft : List.of(keptRaft(), RatisServer.folder(folder))) {
      List<Path> groups = GroupLog.groupsIn(raft);
      if (groups.size() == 1) {
        return groups.getFirst().getFileName().toString();
      }
    }
    return "";
  }

  /** Where the log is of a node that has moved, or waits with others for which log counts. */
  Path keptRaft() {
    return folder.resolve("raft-before");
  }

  /** Forgets that this node may only join, once a configuration of the group names it. */
  NodeIdentity admitted(NodeIdentity own, String group) throws IOException {
    NodeIdentity member =
        new NodeIdentity(own.id(), own.incarnation(), own.raftAddress(), false, "", group);
    member.write(folder, files);
    files.deleteFolder(keptRaft());
    return member;
  }

  /**
   * Completes what {@code liferaftd recover} began, if it came as far as its one switch: the former
   * group's folder leaves, the new one takes its place. Does no harm when run again.
   */
  void finishRecovery() throws IOException {
    Path recovered = folder.resolve(RECOVERED);
    if (Files.notExists(recovered)) {
      return;
    }
    Path raft = RatisServer.folder(folder);
    remove(raft);
    Path identity = NodeIdentity.file(recovered);
    if (Files.exists(identity)) { // for a list of members, with the log that was put aside
      remove(keptRaft());
      files.rename(identity, NodeIdentity.file(folder));
      files.forceFolder(folder);
    }
    files.rename(recovered, raft);
    files.forceFolder(folder);
  }

  /** Keeps the groups of a Raft folder where those are that this node has left. */
  private void remove(Path raft) throws IOException {
    for (Path group : GroupLog.groupsIn(raft)) {
      Path kept = RatisServer.removedGroups(folder).resolve(group.getFileName());
      Files.createDirectories(kept.getParent());
      files.deleteFolder(kept);
      files.rename(group, kept);
    }
    files.deleteFolder(raft);
  }

  /** From here on nothing in the directory counts; the next {@link #identify} makes it fresh. */
  void discard() throws IOException {
    Path marker = folder.resolve(DISCARD);
    files.write(marker, new byte[0]);
    files.forceFolder(folder);
    finishDiscarding();
  }

  private void finishDiscarding() throws IOException {
    Path marker = folder.resolve(DISCARD);
    if (Files.notExists(marker)) {
      return;
    }
    try (Stream<Path> all = Files.list(folder)) {
      for (Path file : all.toList()) {
        String name = file.getFileName().toString();
        if (name.matches(
            "db-\\d+\\.sqlite.*|snapshot\\.record.*|checkpoint\\.marker.*|staging-.*|node\\.properties|members|raft|raft-before")) {
          files.deleteFolder(file);
        }
      }
    }
    files.forceFolder(folder);
    files.delete(marker);
  }

  /** Whether no database, no record and no Raft folder is there. */
  boolean isFresh() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (name.equals(RECORD)
            || name.equals("raft-before")
            || name.matches("db-\\d+\\.sqlite.*")) {
          return false;
        }
      }
    }
    return !holdsGroup();
  }

  private boolean holdsGroup() throws IOException {
    Path raft = RatisServer.folder(folder);
    if (!Files.isDirectory(raft)) {
      return false;
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(raft)) {
      return groups.iterator().hasNext();
    }
  }

  /**
   * A log that begins later than at 0 needs the record that it was cut for.
   *
   * @throws SqliteException.InvalidDatabase when that is missing
   */
  void checkRecord() throws IOException {
    Path raft = RatisServer.folder(folder);
    if (Files.exists(folder.resolve(RECORD)) || !Files.isDirectory(raft)) {
      return;
    }
    try (Stream<Path> files = Files.walk(raft)) {
      boolean complete =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith("log_"))
              .mapToLong(NodeFolder::firstIndex)
              .min()
              .stream()
              .allMatch(first -> first == 0);
      if (!complete) {
        throw new SqliteException.InvalidDatabase(
            "the database in %s is missing or was set aside because another program had changed it, and the log no longer reaches back to the beginning: start from an empty directory, which restores the backup, and if the set-aside file is newer load it with /db/load"
                .formatted(folder),
            null);
      }
    }
  }

  /** Of {@code log_3-17} or {@code log_inprogress_18}. */
  private static long firstIndex(String logFile) {
    String digits = logFile.replaceAll("log_(?:inprogress_)?(\\d+).*", "$1");
    return digits.matches("\\d+") ? Long.parseLong(digits) : 0;
  }
}
