package io.liferaft.restore;

import java.util.concurrent.atomic.LongAdder;

/** What this node's restore has come to since the process started, for metrics only. */
final class RestoreCounts {

  final LongAdder downloaded = new LongAdder();
  final LongAdder downloadedBytes = new LongAdder();
  final LongAdder downloadsFailed = new LongAdder();

  /** Databases that this node loaded as the leader. */
  final LongAdder restored = new LongAdder();

  /** Restores that another node had in hand to the end. */
  final LongAdder followed = new LongAdder();

  /** Databases that this node loaded from the second target. */
  final LongAdder fromSecond = new LongAdder();

  /** Times that this node asked the second target, because the first failed or held nothing. */
  final LongAdder secondAsked = new LongAdder();

  /** Failed attempts of this node. */
  final LongAdder failed = new LongAdder();
}
