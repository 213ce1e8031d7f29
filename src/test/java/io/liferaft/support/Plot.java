package io.liferaft.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;

/** Lines over one axis, as a picture for the documents. */
public final class Plot {

  private final Path file;
  private final XYChart chart;

  /** Named after what it shows; the picture is a PNG in the folder. */
  public Plot(Path folder, String name, String x, String y) {
    this.file = folder.resolve(name + ".png");
    this.chart = new XYChartBuilder().width(800).height(400).xAxisTitle(x).yAxisTitle(y).build();
    chart.getStyler().setYAxisMin(0.0).setMarkerSize(4).setDecimalPattern("#,##0.#");
  }

  /** With each step along the lower axis a multiple of the one before. */
  public Plot logarithmic() {
    chart.getStyler().setXAxisLogarithmic(true);
    return this;
  }

  public Plot line(String name, double[] x, double[] y) {
    chart.addSeries(name, x, y);
    return this;
  }

  public void save() throws IOException {
    Files.createDirectories(file.getParent());
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }
}
