/**
 * Who may do what: rqlite's file of users and permissions, and the check of a caller against it.
 *
 * <p><b>Promises.</b> The decision is rqlite's: what everyone may ({@code *}) is allowed before
 * credentials are looked at, then name and password must match, then the user must have the
 * permission or {@code all}. A password is compared in a time that does not tell how much of it was
 * right. Without a file everything is allowed. A file that cannot be taken stops the start with one
 * sentence, which never quotes from the file. So do the certificates and keys of SSL bundles.
 *
 * <p><b>Never.</b> Keep a password readable beyond the request it came with, or let one into a log,
 * a message or a {@code toString}. Know of HTTP or Raft: {@code api} asks for clients, {@code raft}
 * for callers whose requests other nodes forward.
 *
 * <p><b>Threads.</b> None. <b>On disk.</b> Nothing; the file is read once, at the start.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package io.liferaft.security;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
