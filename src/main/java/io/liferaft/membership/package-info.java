/**
 * Forms a cluster from fresh nodes and has a fresh or moved node admitted to one: by a list of
 * members, or through addresses that are given or that DNS knows. Decides from what everybody
 * answers who is asked; never from silence. The log and its configuration stay raft's. A member is
 * watched, too: it serves nobody before the others were asked whether they go on in a group for
 * which its own was given up, says what to do when the quorum is lost, and stands aside when its
 * log contradicts the leader's. One thread, {@code membership-<node>}; nothing on disk.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft"})
package io.liferaft.membership;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
