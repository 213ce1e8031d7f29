package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.FailureHandler;

class PortInUseFailureAnalyzerTests {

  @Test
  void namesTheSettingBeforeAnotherSpeaks() {
    PortInUseException taken = new PortInUseException(4001);

    FailureAnalysis told =
        SpringFactoriesLoader.forDefaultResourceLocation()
            .load(FailureAnalyzer.class, FailureHandler.handleMessage((_, _) -> {}))
            .stream()
            .map(analyzer -> analyzer.analyze(taken))
            .filter(Objects::nonNull)
            .findFirst()
            .orElseThrow();

    assertThat(told.getDescription()).startsWith("server.port=4001: another process");
    assertThat(told.getAction()).contains("set server.port to a free one");
  }
}
