/**
 * The replicated log and its state machine; reads at each level; forwarding, admission and installs
 * between nodes; client requests held back until the cluster's restore has ended.
 *
 * <p><b>Promises.</b> A write that was answered is in the log of a quorum and applied on the
 * leader; one that was not is {@code NotLeaderException} or {@code NotReadyException} (nothing was
 * done) or {@code CommitUnknownException} (it may still be applied). Every node applies the same
 * entries in the same order to the same outcome. {@code LeadershipChanged} comes in order, and says
 * that this node leads only after it has applied every entry of earlier terms. A load takes effect
 * everywhere at once or nowhere. An entry or record of an unknown version stops the node with a
 * sentence.
 *
 * <p><b>Never.</b> Ask clock, random numbers, settings or network while applying: the leader stamps
 * entries before they enter the log. Wait on a thread of Ratis but for the bounded apply queue and
 * a checkpoint. Retry a write whose fate is unknown. Hold a load or a copy in memory. Let a disk
 * that lost its log vote under its old name: its incarnation is new. Do for a caller whose request
 * another node forwards what this node's users do not permit it.
 *
 * <p><b>Threads</b> ({@code -<node>} behind each): {@code raft-apply} applies and checkpoints,
 * {@code raft-submit} stamps and submits, {@code raft-commits} tells followers what has been
 * committed when no entry does, {@code raft-open} opens and closes, {@code raft-events} publishes
 * and ticks, {@code raft-peer-…-N} (virtual) serves and asks other nodes. Reads run on sqlite's.
 * See docs/threads.md.
 *
 * <p><b>On disk.</b> {@code node.properties} (identity; replaced by rename); Ratis' folder {@code
 * raft}, or {@code raft-recovered} from the rename on that gives it this name; {@code staging-…},
 * forced before a record names it, cut to the record's length at the start, deleted when no record
 * names it any more; {@code install.*}, worthless after a crash; {@code tmp}, likewise. A crash at
 * any line leaves the store at its last record, from which Ratis replays: entries run again in the
 * same way, chunks write the same bytes at the same offset. The leader's copy becomes the database
 * by the record; a log that does not go on from the record, and an end of the log that a crash left
 * half written, go before Ratis opens what is there (docs/adr/0007). An identity is written before
 * the Raft folder of the former one is deleted. All of this goes through sqlite's {@code
 * FileBorder}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"security", "sqlite"})
package io.liferaft.raft;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
