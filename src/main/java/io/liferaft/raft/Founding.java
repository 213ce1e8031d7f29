package io.liferaft.raft;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** The first entry of a cluster, proposed by its founder and without effect when it is there. */
final class Founding {

  private Founding() {}

  static void propose(RatisServer server, NodeConfig config, Map<String, String> founders) {
    List<String> members = new ArrayList<>();
    founders.forEach((id, address) -> members.add(id + "=" + address));
    String generation = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    LogCommand founded =
        new LogCommand.ClusterFounded(
            UUID.randomUUID().toString(), generation, members, config.foreignKeys());
    var _ = server.submit(founded, LogCommandCodec.encode(founded));
  }
}
