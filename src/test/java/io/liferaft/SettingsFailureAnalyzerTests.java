package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.io.support.SpringFactoriesLoader;

class SettingsFailureAnalyzerTests {

  private static final String SENTENCE = "liferaft.restore.enabled=true needs a place";

  @Test
  void tellsARefusedSettingInItsSentence() {
    FailureAnalysis analysis =
        new SettingsFailureAnalyzer()
            .analyze(
                new BeanCreationException("service", "", new IllegalArgumentException(SENTENCE)));

    assertThat(analysis).extracting(FailureAnalysis::getDescription).isEqualTo(SENTENCE);
  }

  @Test
  void tellsARefusedFileOfTls() {
    assertThat(
            new SettingsFailureAnalyzer()
                .analyze(new IllegalArgumentException("spring.ssl.bundle.pem.a.b=c is refused")))
        .isNotNull();
  }

  @Test
  void leavesOtherFailuresToOthers() {
    assertThat(new SettingsFailureAnalyzer().analyze(new IllegalArgumentException("a defect")))
        .isNull();
  }

  @Test
  void isAskedBySpringBoot() {
    assertThat(
            SpringFactoriesLoader.forDefaultResourceLocation(getClass().getClassLoader())
                .load(FailureAnalyzer.class, (type, name, failure) -> {}))
        .hasAtLeastOneElementOfType(SettingsFailureAnalyzer.class);
  }
}
