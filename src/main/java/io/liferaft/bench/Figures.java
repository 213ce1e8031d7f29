package io.liferaft.bench;

import java.util.Comparator;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * What one round, or the median one of several, showed.
 *
 * @param perSecond answers without an error
 * @param megabytesPerSecond of their bodies, in 10^6 bytes
 * @param errors answers with one, and connections that broke
 * @param cpuMicros of the server's processes for each answer; NaN where they are not known
 */
record Figures(
    double perSecond,
    double megabytesPerSecond,
    double p50Millis,
    double p99Millis,
    double p999Millis,
    double maxMillis,
    long errors,
    double cpuMicros) {

  static Figures of(Histogram micros, long bytes, long errors, double seconds, double cpuSeconds) {
    long answers = micros.getTotalCount();
    return new Figures(
        answers / seconds,
        bytes / seconds / 1e6,
        micros.getValueAtPercentile(50) / 1e3,
        micros.getValueAtPercentile(99) / 1e3,
        micros.getValueAtPercentile(99.9) / 1e3,
        micros.getMaxValue() / 1e3,
        errors,
        answers == 0 ? Double.NaN : cpuSeconds * 1e6 / answers);
  }

  /** Nothing was measured then. */
  boolean onlyErrors() {
    return errors > 0 && perSecond == 0;
  }

  /** The round with the median rate (the lower of two), with the errors of all rounds. */
  static Figures median(List<Figures> rounds) {
    Figures middle =
        rounds.stream()
            .sorted(Comparator.comparingDouble(Figures::perSecond))
            .toList()
            .get((rounds.size() - 1) / 2);
    long errors = rounds.stream().mapToLong(Figures::errors).sum();
    return new Figures(
        middle.perSecond,
        middle.megabytesPerSecond,
        middle.p50Millis,
        middle.p99Millis,
        middle.p999Millis,
        middle.maxMillis,
        errors,
        middle.cpuMicros);
  }
}
