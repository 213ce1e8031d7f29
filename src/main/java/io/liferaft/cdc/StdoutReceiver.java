package io.liferaft.cdc;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Prints each batch as a line. */
final class StdoutReceiver implements ChangeReceiver {

  private final OutputStream out;

  StdoutReceiver() {
    this(new FileOutputStream(FileDescriptor.out));
  }

  StdoutReceiver(OutputStream out) {
    this.out = out;
  }

  @Override
  public void send(byte[] json) throws IOException {
    byte[] line = java.util.Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    out.write(line);
    out.flush();
  }

  @Override
  public String name() {
    return CdcConfig.STDOUT;
  }
}
