package io.liferaft.raft;

import io.liferaft.raft.GroupMembership.Listed;
import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqliteException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
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
  private final PeersFile peersFile;
  private final KnownMembers known;
  private final RaftFolder raftFolder;
  private final TermCeiling votes;
  private final DiskRoom room;
  private volatile @Nullable NodeIdentity identity;
  private volatile @Nullable Listed listed;
  private volatile PeerAnswer.@Nullable Offer offer;
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
    this.peersFile = new PeersFile(config, folder, files);
    this.known = known;
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
    folder.finishRecovery();
    Listed list = peersFile.take().orElse(null);
    listed = list;
    offer = list == null ? null : peersFile.offer(list);
    NodeIdentity own = list == null ? folder.identify() : folder.identity();
    identity = own;
    if (list != null) {
      known.remember(list.all());
    }
    fresh = !own.joinOnly() && folder.isFresh();
    folder.checkRecord();
    TornLog.cut(dataDir, files);
    votes.create();
    if (fresh) {
      votes.raise(0); // the first election may be won before anybody looks at its term
    }
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

  /**
   * Makes this node the only member of a new group with the log that was put aside for a list of
   * members.
   */
  void goOnForListed() throws IOException {
    Listed list = listed;
    if (list == null) {
      return;
    }
    try {
      Recovery.Outcome done = new Recovery(config.dataDir(), files).runFor(config, list, folder);
      log.warn(
          "This node has the log that counts of those in raft/peers.json: it goes on as the first member of cluster group {}, with everything up to log index {}, and admits the others",
          done.group(),
          done.lastIndex());
    } catch (Recovery.Refused e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** What {@code raft/peers.json} says, while that is not carried out. */
  Optional<Listed> listed() {
    return Optional.ofNullable(listed);
  }

  /** What this node has for that; null when there is nothing to carry out. */
  PeerAnswer.@Nullable Offer offer() {
    return offer;
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
        peersFile.done();
        listed = null;
        offer = null;
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
