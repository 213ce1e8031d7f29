package io.liferaft.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Rows as Markdown or as JSON. */
final class Report {

  private static final String HEAD =
      "| work | connections | a second | MB/s | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs each | errors |";

  private Report() {}

  /** With a second server: its figures follow in each cell, and the ratio of the rates is last. */
  static String table(List<BenchCommand.Row> rows) {
    boolean compared = rows.stream().anyMatch(row -> row.other() != null);
    StringBuilder table = new StringBuilder(HEAD).append(compared ? " ratio |\n" : "\n");
    table.append('|').append(" --- |".repeat(compared ? 11 : 10)).append('\n');
    for (BenchCommand.Row row : rows) {
      Figures other = row.other();
      table
          .append("| ")
          .append(row.work().word())
          .append(" | ")
          .append(row.connections())
          .append(cell("%.0f", row, Figures::perSecond))
          .append(cell("%.1f", row, Figures::megabytesPerSecond))
          .append(cell("%.2f", row, Figures::p50Millis))
          .append(cell("%.2f", row, Figures::p99Millis))
          .append(cell("%.2f", row, Figures::p999Millis))
          .append(cell("%.1f", row, Figures::maxMillis))
          .append(cell("%.0f", row, Figures::cpuMicros))
          .append(cell("%.0f", row, Figures::errors));
      if (compared) {
        double ratio = other == null ? Double.NaN : row.figures().perSecond() / other.perSecond();
        table.append(" | ").append(number("%.2f", ratio));
      }
      table.append(" |\n");
    }
    return table.toString();
  }

  private static String cell(
      String format, BenchCommand.Row row, ToDoubleFunction<Figures> figure) {
    Figures other = row.other();
    String our = " | " + number(format, figure.applyAsDouble(row.figures()));
    return other == null ? our : our + " / " + number(format, figure.applyAsDouble(other));
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "–";
  }

  /** One array of objects, medians and each round; a figure that is not known is null. */
  static String json(List<BenchCommand.Row> rows) {
    return rows.stream()
        .map(row ->
            "{\"work\":\"%s\",\"connections\":%d,\"figures\":%s,\"other\":%s,\"rounds\":%s,\"other_rounds\":%s}"
                .formatted(
                    row.work().word(),
                    row.connections(),
                    json(row.figures()),
                    row.other() == null ? "null" : json(row.other()),
                    array(row.rounds()),
                    array(row.others())))
        .collect(Collectors.joining(",\n ", "[", "]\n"));
  }

  private static String array(List<Figures> rounds) {
    return rounds.stream().map(Report::json).collect(Collectors.joining(",", "[", "]"));
  }

  private static String json(Figures figures) {
    return String.format(
        Locale.ROOT,
        "{\"per_second\":%.3f,\"mb_per_second\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
            + "\"max_ms\":%.3f,\"errors\":%d,\"cpu_us\":%s}",
        figures.perSecond(),
        figures.megabytesPerSecond(),
        figures.p50Millis(),
        figures.p99Millis(),
        figures.p999Millis(),
        figures.maxMillis(),
        figures.errors(),
        Double.isFinite(figures.cpuMicros())
            ? String.format(Locale.ROOT, "%.3f", figures.cpuMicros())
            : "null");
  }
}
