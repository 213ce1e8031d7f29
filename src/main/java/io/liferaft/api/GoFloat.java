package io.liferaft.api;

import java.math.BigDecimal;

/** Floating-point numbers as Go's encoding/json prints them. */
final class GoFloat {

  private GoFloat() {}

  /**
   * The shortest decimal that reads back as the value; with an exponent only below 1e-6 and from
   * 1e21 on.
   */
  static String format(double value) {
    long integral = (long) value;
    if (integral == value && Math.abs(integral) < 1_000_000_000_000_000L) {
      return integral == 0 && 1 / value < 0 ? "-0" : Long.toString(integral);
    }
    BigDecimal shortest = shortest(value);
    double magnitude = Math.abs(value);
    if (magnitude >= 1e-6 && magnitude < 1e21) {
      return shortest.toPlainString();
    }
    String digits = shortest.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    StringBuilder text = new StringBuilder(28);
    if (value < 0) {
      text.append('-');
    }
    text.append(digits.charAt(0));
    if (digits.length() > 1) {
      text.append('.').append(digits, 1, digits.length());
    }
    text.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent));
    return text.toString();
  }

  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    // Java always gives two digits; among subnormal numbers one may be enough.
    if (decimal.precision() == 2 && Math.abs(value) < 1e-300) {
      BigDecimal one = decimal.round(new java.math.MathContext(1));
      if (one.doubleValue() == value) {
        return one.stripTrailingZeros();
      }
    }
    return decimal;
  }
}
