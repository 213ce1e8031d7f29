package io.liferaft.security;

/**
 * The user that this node joins a cluster as, with the password that the file of users has for it.
 *
 * @param credentials of nobody when no user is named
 */
public record JoinCredentials(Credentials credentials) {}
