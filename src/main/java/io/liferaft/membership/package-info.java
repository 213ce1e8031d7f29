/**
 * Forms a cluster from fresh nodes and has a fresh or moved node admitted to one. Decides from what
 * every member of the initial cluster answers; never from silence. The log and its configuration
 * stay raft's. One thread, {@code membership-<node>}, until this node is a member; nothing on disk.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"raft"})
package io.liferaft.membership;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
