package io.liferaft.archive;

/** Opens archives by their address. */
public interface BackupArchives {

  /**
   * Opens a place; no network.
   *
   * @param target {@code file:/dir/name.sqlite.gz} or {@code s3://bucket/key}
   * @param compress gzip what is written; reading recognises either
   * @throws IllegalArgumentException when the address is none, saying what a valid one looks like
   */
  BackupArchive open(String target, boolean compress);
}
