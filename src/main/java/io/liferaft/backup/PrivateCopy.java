package io.liferaft.backup;

import io.liferaft.sqlite.DatabaseCopy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A copy in a file of its own, which closing deletes: it keeps nobody from anything. */
final class PrivateCopy implements DatabaseCopy {

  private final FileChannel channel;
  private final long sizeBytes;
  private final byte[] payload;

  /**
   * @param file complete
   * @param payload of the copy that it was made of
   */
  PrivateCopy(Path file, byte[] payload) throws IOException {
    this.payload = payload;
    this.channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE);
    this.sizeBytes = channel.size();
  }

  @Override
  public byte[] payload() {
    return payload.clone();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int read(long offset, ByteBuffer into) throws IOException {
    if (offset >= sizeBytes) {
      return -1;
    }
    int total = 0;
    while (into.hasRemaining()) {
      int read = channel.read(into, offset + total);
      if (read < 0) {
        break;
      }
      total += read;
    }
    return total;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
