package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.raft.NotReadyException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;

class BodyLimitTests {

  private static final String BY_SETTING =
      "request body is larger than 1024 bytes (liferaft.http.max-statement-body)";
  private static final String BY_HEAP =
      "request body would take more than 1000 bytes of memory, a quarter of this node's heap";

  private static final String BY_STATEMENT =
      "a statement or value is longer than 1000000 bytes, a thirty-second of this node's heap";

  private final BodyLimit setting = limit(1024, 1 << 20);
  private final BodyLimit heap = limit(1024, 4000);

  /** Strings of up to 1,000,000 bytes. */
  private final BodyLimit strings = limit(1 << 24, 32_000_000);

  @Test
  void takesABodyOfExactlyTheLimit() throws IOException {
    assertThat(setting.open(request(1024, true)).readAllBytes()).hasSize(1024);
    assertThat(heap.open(request(333, true)).readAllBytes()).hasSize(333);
    assertThat(heap.bytes()).isEqualTo(333);
    assertThat(setting.bytes()).isEqualTo(1024);
  }

  @Test
  void refusesByLengthBeforeAByteIsRead() {
    assertTooLarge(() -> setting.open(request(1025, true)), BY_SETTING);
    assertTooLarge(() -> heap.open(request(334, true)), BY_HEAP);
  }

  @Test
  void refusesAsReadWhenTheLengthIsUnknown() throws IOException {
    BodyLimit.Body bySetting = setting.open(request(1025, false));
    assertTooLarge(bySetting::readAllBytes, BY_SETTING);
    BodyLimit.Body byHeap = heap.open(request(334, false));
    assertTooLarge(byHeap::readAllBytes, BY_HEAP);
  }

  @Test
  void countsWhatStatementsTakeInMemory() throws IOException {
    StatementReader reader = new StatementReader(1024);
    BodyLimit.Body few = heap.open(request("[\"a\",\"b\"]", true));
    assertThat(reader.read(few, few)).hasSize(2);

    BodyLimit.Body many =
        limit(1024, 4000).open(request("[\"a\"" + ",\"b\"".repeat(20) + "]", true));
    assertTooLarge(() -> reader.read(many, many), BY_HEAP);
    BodyLimit.Body wide = limit(1024, 4000).open(request("[[\"a\"" + ",0".repeat(20) + "]]", true));
    assertTooLarge(() -> reader.read(wide, wide), BY_HEAP);
  }

  @Test
  void putsOffWhatOnlyIsTooLargeBesideOthers() throws IOException {
    MockHttpServletRequest first = request(250, true);
    heap.open(first).readAllBytes();
    MockHttpServletRequest second = request(150, true);
    BodyLimit.Body refused = heap.open(second);
    assertThatExceptionOfType(NotReadyException.class).isThrownBy(refused::readAllBytes);

    BodyLimit.release(second);
    BodyLimit.release(first);
    BodyLimit.release(first);

    MockHttpServletRequest third = request(250, true);
    assertThat(heap.open(third).readAllBytes()).hasSize(250);
    BodyLimit.Body beside = heap.open(request(150, true));
    assertThatExceptionOfType(NotReadyException.class).isThrownBy(beside::readAllBytes);
  }

  @Test
  void refusesAStatementOrValueLongerThanAllowedBeforeItIsWhole() throws IOException {
    String longest = "x".repeat(1_000_000);
    String longer = "x".repeat(1_100_000);
    StatementReader reader = new StatementReader(1 << 24);

    for (String body : List.of("[\"%s\"]", "[[\"SELECT ?\",\"%s\"]]", "[[\"\",{\"a\":\"%s\"}]]")) {
      MockHttpServletRequest taken = request(body.formatted(longest), true);
      BodyLimit.Body whole = strings.open(taken);
      assertThat(reader.read(whole, whole)).hasSizeLessThanOrEqualTo(1);
      BodyLimit.release(taken);
      MockHttpServletRequest refused = request(body.formatted(longer), true);
      BodyLimit.Body cut = strings.open(refused);
      assertTooLarge(() -> reader.read(cut, cut), BY_STATEMENT);
      BodyLimit.release(refused);
    }
    BodyLimit.Body text = strings.open(request(longer, false));
    assertTooLarge(() -> StatementReader.readText(text, text), BY_STATEMENT);
  }

  @Test
  void chargesMoreWhileAStringIsPutTogether() throws IOException {
    MockHttpServletRequest first = request("[\"" + "x".repeat(600_000) + "\"]", true);
    BodyLimit.Body body = strings.open(first);
    body.beginString();
    assertThat(body.readNBytes(600_000)).hasSize(600_000);
    assertThat(body.cost()).isEqualTo(7 * 600_000);
    MockHttpServletRequest second = request("x".repeat(600_000), true);
    BodyLimit.Body beside = strings.open(second);
    assertThatExceptionOfType(NotReadyException.class)
        .isThrownBy(() -> StatementReader.readText(beside, beside));
    BodyLimit.release(second);

    body.endString();

    assertThat(body.cost()).isEqualTo(3 * 600_000);
    BodyLimit.Body after = strings.open(request("x".repeat(600_000), true));
    assertThat(StatementReader.readText(after, after)).hasSize(1);
  }

  private static void assertTooLarge(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable reading, String text) {
    assertThatExceptionOfType(RequestFailure.class)
        .isThrownBy(reading)
        .withMessage(text)
        .matches(e -> e.status() == 413);
  }

  private static BodyLimit limit(long setting, long maxHeap) {
    return new BodyLimit(new HttpProperties(DataSize.ofBytes(setting), "", ""), maxHeap);
  }

  private static MockHttpServletRequest request(int size, boolean lengthKnown) {
    return request(" ".repeat(size), lengthKnown);
  }

  private static MockHttpServletRequest request(String body, boolean lengthKnown) {
    MockHttpServletRequest request =
        lengthKnown
            ? new MockHttpServletRequest()
            : new MockHttpServletRequest() {
              @Override
              public long getContentLengthLong() {
                return -1;
              }
            };
    request.setContent(body.getBytes(StandardCharsets.UTF_8));
    return request;
  }
}
