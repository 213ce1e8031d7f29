package io.liferaft;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Tells a setting that a module refused in its one sentence, which names key, value and a valid
 * one, instead of a stack trace.
 */
final class SettingsFailureAnalyzer extends AbstractFailureAnalyzer<IllegalArgumentException> {

  SettingsFailureAnalyzer() {}

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable rootFailure, IllegalArgumentException cause) {
    String sentence = cause.getMessage();
    return sentence != null
            && (sentence.startsWith("liferaft.") || sentence.startsWith("spring.ssl."))
        ? new FailureAnalysis(sentence, "Correct the setting and start again.", cause)
        : null;
  }
}
