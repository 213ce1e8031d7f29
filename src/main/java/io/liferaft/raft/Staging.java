package io.liferaft.raft;

import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.SqlForm;
import io.liferaft.sqlite.SqlStatement;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The staging files of loads in a node's folder. Apply thread only. A file is forced before a
 * record that names it is written, and deleted only when a record no longer names it: a replay from
 * that record needs its bytes.
 */
final class Staging {

  private static final String PREFIX = "staging-";

  private final Path folder;
  private final FileBorder files;
  private final List<Path> dropped = new ArrayList<>();
  private @Nullable FileChannel channel;
  private @Nullable Path open;

  Staging(Path folder, FileBorder files) {
    this.folder = folder;
    this.files = files;
  }

  Path path(OpenLoad load) {
    return folder.resolve(PREFIX + HexFormat.of().toHexDigits(load.loadId()));
  }

  /** Makes the folder what the record says: one file cut to its length, or none. */
  void reset(@Nullable OpenLoad load) throws IOException {
    close();
    dropped.clear();
    Path kept = load == null ? null : path(load);
    try (DirectoryStream<Path> staged = Files.newDirectoryStream(folder, PREFIX + "*")) {
      for (Path file : staged) {
        if (!file.equals(kept)) {
          files.delete(file);
        }
      }
    }
    if (load != null && kept != null && Files.exists(kept)) {
      files.truncate(kept, load.receivedBytes());
    }
  }

  void write(OpenLoad load, byte[] bytes) throws IOException {
    files.run(
        "stage a chunk",
        () -> {
          FileChannel channel = open(path(load));
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          long position = load.receivedBytes();
          while (buffer.hasRemaining()) {
            position += channel.write(buffer, position);
          }
        });
  }

  private FileChannel open(Path file) throws IOException {
    FileChannel current = channel;
    if (current == null || !file.equals(open)) {
      close();
      current = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      channel = current;
      open = file;
    }
    return current;
  }

  void force(OpenLoad load) throws IOException {
    Path file = path(load);
    if (load.receivedBytes() == 0 && !Files.exists(file)) {
      return;
    }
    files.force(file);
    files.forceFolder(folder);
  }

  /** Forgets a load; its file goes when {@link #recordWritten} says that no record names it. */
  void drop(OpenLoad load) {
    dropped.add(path(load));
  }

  /** Called when a record has been written that names at most the given load. */
  void recordWritten(@Nullable OpenLoad load) throws IOException {
    Path kept = load == null ? null : path(load);
    if (open != null && !open.equals(kept)) {
      close();
    }
    for (Path file : dropped) {
      if (!file.equals(kept)) {
        files.delete(file);
      }
    }
    dropped.clear();
  }

  void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
    channel = null;
    open = null;
  }

  /**
   * The staged form of an Execute too large for one entry: form, transaction, count, statements.
   */
  static void writeExecute(
      WireWriter out, SqlForm form, boolean transaction, List<SqlStatement> statements) {
    out.string(form.name()).bool(transaction).statements(statements);
  }

  /** Reads a staged Execute as often as it is iterated, one statement at a time. */
  record StagedExecute(SqlForm form, boolean transaction, Iterable<SqlStatement> statements) {

    static StagedExecute open(Path file) throws IOException {
      try (InputStream in = Files.newInputStream(file)) {
        WireReader reader = new WireReader(in);
        return new StagedExecute(
            SqlForm.valueOf(reader.string()), reader.bool(), () -> new StagedStatements(file));
      }
    }
  }

  /** Closes its file at the end, or when a statement cannot be read. */
  private static final class StagedStatements implements Iterator<SqlStatement> {
    private final InputStream in;
    private final WireReader reader;
    private int left;

    StagedStatements(Path file) {
      try {
        in = new BufferedInputStream(Files.newInputStream(file), 256 * 1024);
        reader = new WireReader(in);
        reader.string();
        reader.bool();
        left = reader.int32();
        closeAtEnd();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + file, e);
      }
    }

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public SqlStatement next() {
      if (left <= 0) {
        throw new NoSuchElementException();
      }
      try {
        SqlStatement statement = reader.statement();
        left--;
        closeAtEnd();
        return statement;
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read a staged statement", e);
      }
    }

    private void closeAtEnd() throws IOException {
      if (left == 0) {
        in.close();
      }
    }
  }
}
