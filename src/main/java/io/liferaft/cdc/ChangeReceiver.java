package io.liferaft.cdc;

import java.io.IOException;

/** Takes batches of changes. */
interface ChangeReceiver {

  /**
   * Hands a batch over; when this returns it has been taken. Waits.
   *
   * @param json the batch
   * @throws IOException when it has not, or nobody knows
   */
  void send(byte[] json) throws IOException, InterruptedException;

  /** Where it is, for people. */
  String name();
}
