package io.liferaft.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Names of the store's files in its folder. */
record StoreLayout(Path folder) {

  private static final Pattern DATABASE = Pattern.compile("db-\\d+\\.sqlite(-wal|-shm|-journal)?");

  Path database(long number) {
    return folder.resolve("db-" + number + ".sqlite");
  }

  Path record() {
    return folder.resolve("snapshot.record");
  }

  Path newRecord() {
    return folder.resolve("snapshot.record.new");
  }

  Path marker() {
    return folder.resolve("checkpoint.marker");
  }

  Path newMarker() {
    return folder.resolve("checkpoint.marker.new");
  }

  Path lock() {
    return folder.resolve("lock");
  }

  Path setAside(String time, Path file) {
    return folder.resolve("set-aside-" + time + "-" + file.getFileName());
  }

  static Path wal(Path database) {
    return database.resolveSibling(database.getFileName() + "-wal");
  }

  static Path shm(Path database) {
    return database.resolveSibling(database.getFileName() + "-shm");
  }

  static Path journal(Path database) {
    return database.resolveSibling(database.getFileName() + "-journal");
  }

  /** Makes a record the one that counts, durably. */
  void store(FileBorder border, SnapshotRecord record) throws IOException {
    border.write(newRecord(), record.encode());
    border.rename(newRecord(), record());
    border.forceFolder(folder);
  }

  /** All database files with what belongs to them, of whatever number. */
  List<Path> databaseFiles() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      files
          .filter(file -> DATABASE.matcher(file.getFileName().toString()).matches())
          .sorted()
          .forEach(found::add);
    }
    return found;
  }
}
