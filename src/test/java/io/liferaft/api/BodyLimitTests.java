package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.liferaft.raft.NotReadyException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;

class BodyLimitTests {

  private static final String BY_SETTING =
      "request body is larger than 1024 bytes (liferaft.http.max-statement-body)";
  private static final String BY_HEAP =
      "request body would take more than 1000 bytes of memory, a quarter of this node's heap";

  private final BodyLimit setting = limit(1024, 1 << 20);
  private final BodyLimit heap = limit(1024, 4000);

  @Test
  void takesABodyOfExactlyTheLimit() throws IOException {
    assertThat(setting.open(request(1024, true)).readAllBytes()).hasSize(1024);
    assertThat(heap.open(request(500, true)).readAllBytes()).hasSize(500);
    assertThat(heap.bytes()).isEqualTo(500);
    assertThat(setting.bytes()).isEqualTo(1024);
  }

  @Test
  void refusesByLengthBeforeAByteIsRead() {
    assertTooLarge(() -> setting.open(request(1025, true)), BY_SETTING);
    assertTooLarge(() -> heap.open(request(501, true)), BY_HEAP);
  }

  @Test
  void refusesAsReadWhenTheLengthIsUnknown() throws IOException {
    BodyLimit.Body bySetting = setting.open(request(1025, false));
    assertTooLarge(bySetting::readAllBytes, BY_SETTING);
    BodyLimit.Body byHeap = heap.open(request(501, false));
    assertTooLarge(byHeap::readAllBytes, BY_HEAP);
  }

  @Test
  void countsWhatStatementsTakeInMemory() throws IOException {
    StatementReader reader = new StatementReader(1024);
    BodyLimit.Body few = heap.open(request("[\"a\",\"b\"]", true));
    assertThat(reader.read(few, few::charge)).hasSize(2);

    BodyLimit.Body many =
        limit(1024, 4000).open(request("[\"a\"" + ",\"b\"".repeat(20) + "]", true));
    assertTooLarge(() -> reader.read(many, many::charge), BY_HEAP);
    BodyLimit.Body wide = limit(1024, 4000).open(request("[[\"a\"" + ",0".repeat(20) + "]]", true));
    assertTooLarge(() -> reader.read(wide, wide::charge), BY_HEAP);
  }

  @Test
  void putsOffWhatOnlyIsTooLargeBesideOthers() throws IOException {
    MockHttpServletRequest first = request(400, true);
    heap.open(first).readAllBytes();
    MockHttpServletRequest second = request(200, true);
    BodyLimit.Body refused = heap.open(second);
    assertThatExceptionOfType(NotReadyException.class).isThrownBy(refused::readAllBytes);

    BodyLimit.release(second);
    BodyLimit.release(first);
    BodyLimit.release(first);

    MockHttpServletRequest third = request(400, true);
    assertThat(heap.open(third).readAllBytes()).hasSize(400);
    BodyLimit.Body beside = heap.open(request(200, true));
    assertThatExceptionOfType(NotReadyException.class).isThrownBy(beside::readAllBytes);
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
