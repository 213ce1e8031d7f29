package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's data directory: taken and made ready to be opened, and who the node is by it. Taken
 * at the start, made ready on the opening thread; what it says may be asked from any.
 */
final class OwnFolder {

  private static final Logger log = LoggerFactory.getLogger(OwnFolder.class);

  private final NodeConfig config;
  private final Path dataDir;
  private final FileBorder files;
  private final NodeFolder folder;
  private final RaftFolder raftFolder;
  private final TermCeiling votes;
  private final DiskRoom room;
  private volatile @Nullable NodeIdentity identity;
  private volatile boolean fresh;

  OwnFolder(
      NodeConfig config,
      FileBorder files,
      RaftFolder raftFolder,
      DiskRoom room,
      KnownMembers known) {
    this.config = config;
    this.dataDir = config.dataDir();
    this.files = files;
    this.folder = new NodeFolder(config, files, known::alone);
    this.raftFolder = raftFolder;
    this.votes = new TermCeiling(config.dataDir());
    this.room = room;
  }

  /**
   * Takes the directory for this process, until {@link #unlock}.
   *
   * @throws SqliteException.FolderInUse when another one has it
   */
  void lock() throws IOException {
    folder.lock();
  }

  void unlock() {
    folder.unlock();
  }

  /** Looks at all that is in it before anything is opened; mends what a crash or full disk left. */
  NodeIdentity prepare() throws IOException {
    folder.lock();
    room.checkToOpen();
    PeersFile.obey(config, folder);
    NodeIdentity own = folder.identify();
    identity = own;
    fresh = !own.joinOnly() && folder.isFresh();
    folder.checkRecord();
    TornLog.cut(dataDir, files);
    votes.create();
    raftFolder.check(own.peerId(), votes.read());
    return own;
  }

  /** Gives up the place in the group: the node is to be admitted under another name. */
  NodeIdentity renew() throws IOException {
    NodeIdentity own = folder.newIncarnation("");
    identity = own;
    fresh = false;
    return own;
  }

  /** Gives up everything in it. */
  void discard() throws IOException {
    folder.discard();
  }

  /** The group has this node in it. */
  synchronized void admitted(String group) {
    NodeIdentity own = identity;
    if (own != null && (own.joinOnly() || !own.group().equals(group))) {
      try {
        identity = folder.admitted(own, group);
      } catch (IOException e) {
        log.warn("Cannot write the identity of this node: {}", e.toString());
      }
    }
  }

  /** Id of the group whose data it holds; empty for none. */
  String group() {
    NodeIdentity own = identity;
    if (own == null || fresh) {
      return "";
    }
    try {
      return folder.groupOf(own);
    } catch (IOException e) {
      log.debug("The group of this node's data cannot be told", e);
      return "";
    }
  }

  /** Whether there was nothing in it, and this node may found a cluster. */
  boolean fresh() {
    return fresh;
  }

  void notFresh() {
    fresh = false;
  }

  /** Whether the ceiling of this node's votes is to be raised for a term. */
  boolean votesNear(long term) {
    return votes.near(term);
  }

  /** Keeps the ceiling of this node's votes well above a term. */
  void raiseVotes(long term) {
    try {
      votes.raise(term);
    } catch (IOException e) {
      log.warn("The ceiling of this node's votes cannot be raised: {}", e.toString());
    }
  }
}
