package io.liferaft.backup;

import io.liferaft.archive.BackupArchive;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import io.liferaft.raft.BackupRecord;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the nodes of a cluster from backing up to a directory each: the directory that holds the
 * backup carries a marker, and one without it is not the one the cluster knows of. A lone node has
 * nobody to share with, but a directory that it has backed up to and that is gone may be a file
 * system that is not mounted.
 */
final class SharedDirectory {

  private static final String GONE =
      "This cluster has backed up to it: mount it again, or, if it is lost for good, make the"
          + " directory, and everything is backed up anew";

  private final BackupArchive archive;
  private final boolean directory;

  SharedDirectory(BackupArchive archive) {
    this.archive = archive;
    this.directory = archive.location().startsWith("file:");
  }

  /**
   * @throws ObjectStoreException when this is not the directory that holds the recorded backup
   */
  void check(@Nullable BackupRecord recorded, long voters) {
    if (directory && recorded != null) {
      var _ = shared(recorded, voters) ? markerOfShared() : markerIfAny(recorded);
    }
  }

  private static boolean shared(@Nullable BackupRecord recorded, long voters) {
    return voters > 1 && recorded != null;
  }

  private String markerOfShared() {
    Optional<String> marker;
    try {
      marker = archive.lineageMarker();
    } catch (ObjectStoreException e) {
      throw new ObjectStoreException(e.reason(), e.getMessage() + ". " + advice(), e);
    }
    return marker.orElseThrow(() ->
        new ObjectStoreException(
            Reason.NO_SUCH_BUCKET,
            "The directory of "
                + archive.location()
                + " lacks the marker of this cluster. "
                + advice(),
            null));
  }

  /** Whether a missing directory is one that the first backup makes: only a lone node's is. */
  boolean maybeMade(long voters, ObjectStoreException e) {
    return directory && voters < 2 && e.reason() == Reason.NO_SUCH_BUCKET;
  }

  /** Whether the directory is missing because this lone node has made no backup yet. */
  static boolean notMadeYet(BackupArchive archive, RaftNode node, ObjectStoreException e) {
    return new SharedDirectory(archive).maybeMade(voters(node.status()), e)
        && !node.state().backups().containsKey(archive.fingerprint());
  }

  static long voters(NodeStatus status) {
    return status.members().stream().filter(NodeStatus.Member::voter).count();
  }

  /**
   * Called before a backup is written, so that none lies there without its marker. A directory that
   * lost it since the last one is another: marked anew it would pass for the one that all share.
   *
   * @throws ObjectStoreException as {@link #check} does
   */
  void mark(String clusterId, @Nullable BackupRecord recorded, long voters) {
    if (!directory) {
      return;
    }
    String marker = shared(recorded, voters) ? markerOfShared() : markerIfAny(recorded);
    if (!clusterId.equals(marker)) {
      archive.writeLineageMarker(clusterId);
    }
  }

  private @Nullable String markerIfAny(@Nullable BackupRecord recorded) {
    try {
      return archive.lineageMarker().orElse(null);
    } catch (ObjectStoreException e) {
      if (e.reason() != Reason.NO_SUCH_BUCKET) {
        throw e;
      }
      if (recorded != null) {
        throw new ObjectStoreException(e.reason(), e.getMessage() + ". " + GONE, e);
      }
      return null;
    }
  }

  private static String advice() {
    return "A file: target of several nodes must be one directory that all of them share: mount it"
        + " on this node at the same path";
  }
}
