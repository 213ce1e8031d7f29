package io.liferaft.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTests {

  private static final Figures OUR = new Figures(200, 1.25, 1, 2, 3, 4, 0, Double.NaN);
  private static final Figures OTHER = new Figures(100, 0.5, 5, 6, 7, 8, 9, 10);

  @Test
  void aSecondServerStandsInEachCellWithTheRatioBehind() {
    assertThat(
            Report.table(
                    List.of(new BenchCommand.Row(Work.WRITE, 16, List.of(OUR), List.of(OTHER))))
                .lines())
        .last()
        .isEqualTo(
            "| write | 16 | 200 / 100 | 1.3 / 0.5 | 1.00 / 5.00 | 2.00 / 6.00 | 3.00 / 7.00"
                + " | 4.0 / 8.0 | – / 10 | 0 / 9 | 2.00 |");
  }

  @Test
  void everyLineHasAsManyCellsAsTheHead() {
    for (List<Figures> others : List.of(List.<Figures>of(), List.of(OTHER))) {
      assertThat(
              Report.table(List.of(new BenchCommand.Row(Work.NONE, 1, List.of(OUR), others)))
                  .lines())
          .extracting(line -> line.chars().filter(c -> c == '|').count())
          .containsOnly(others.isEmpty() ? 11L : 12L);
    }
  }
}
