package io.liferaft.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletResponse;

class JsonWriterTests {

  private static final long SEED = 3;

  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        7,
        -7,
        10,
        99,
        -100,
        999_999_999_999_999_999L,
        1_000_000_000_000_000_000L,
        -1_000_000_000_000_000_000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE
      })
  void writesEveryLong(long value) throws IOException {
    assertThat(written(value, false)).isEqualTo(Long.toString(value));
  }

  @Test
  void escapesAsGoDoes() throws IOException {
    assertThat(written("a\"b\\c<d>e&f\u0000g\u001fh\u007f\u2028i\u2029\ud83d\ude00\ud83d", false))
        .isEqualTo(
            "\"a\\\"b\\\\c\\u003cd\\u003ee\\u0026f\\u0000g\\u001fh\u007f\\u2028i\\u2029\ud83d\ude00\\ufffd\"");
  }

  @Test
  void escapesInvalidUtf8ByteByByte() throws IOException {
    byte[] bytes = {
      'a',
      (byte) 0xc3,
      (byte) 0xa9,
      (byte) 0xe2,
      (byte) 0x82,
      'b',
      (byte) 0xc0,
      (byte) 0x80,
      (byte) 0xed,
      (byte) 0xa0,
      (byte) 0x80,
      (byte) 0xe2,
      (byte) 0x80,
      (byte) 0xa8,
      (byte) 0xf4,
      (byte) 0x90,
      (byte) 0x80,
      (byte) 0x80,
      '<'
    };
    MockHttpServletResponse response = new MockHttpServletResponse();
    AnswerBuffer out = new AnswerBuffer(response);

    new JsonWriter(out, false).utf8(bytes);
    out.finish();

    assertThat(text(response))
        .isEqualTo("\"a\u00e9" + bad(2) + "b" + bad(2) + bad(3) + "\\u2028" + bad(4) + "\\u003c\"");
  }

  @Test
  void writesLargeBlobsAndTextsAcrossTheBuffersEnd() throws IOException {
    byte[] bytes = new byte[AnswerBuffer.KEPT * 2 + 1];
    new Random(SEED).nextBytes(bytes);
    String plain = "x".repeat(AnswerBuffer.KEPT + 5) + "\u00e9";
    MockHttpServletResponse response = new MockHttpServletResponse();
    AnswerBuffer out = new AnswerBuffer(response);
    JsonWriter json = new JsonWriter(out, false);

    json.beginArray();
    json.base64(bytes);
    json.string(plain);
    json.number(-5);
    json.endArray();
    out.finish();

    assertThat(text(response))
        .isEqualTo("[\"" + Base64.getEncoder().encodeToString(bytes) + "\",\"" + plain + "\",-5]");
    assertThat(response.getHeader("Content-Length")).isNull();
  }

  @Test
  void writesNumbersAtTheBuffersEnd() throws IOException {
    for (int used = AnswerBuffer.KEPT - 45; used <= AnswerBuffer.KEPT; used++) {
      MockHttpServletResponse response = new MockHttpServletResponse();
      AnswerBuffer out = new AnswerBuffer(response);
      // In one piece, so that the buffer is just as long when the number comes.
      out.write(new byte[used]);
      out.decimal(-999_999_999_999_999_999L);
      out.finish();

      assertThat(response.getContentAsByteArray()).hasSize(used + 19);
      assertThat(text(response)).endsWith("-999999999999999999");
    }
  }

  @Test
  void indents() throws IOException {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("a", List.of());
    tree.put("b", Map.of());
    tree.put("c", Arrays.asList(1L, null, true));

    assertThat(written(tree, true))
        .isEqualTo(
            """
            {
                "a": [],
                "b": {},
                "c": [
                    1,
                    null,
                    true
                ]
            }\
            """);
  }

  private static String bad(int times) {
    return "\\ufffd".repeat(times);
  }

  private static String written(Object value, boolean pretty) throws IOException {
    MockHttpServletResponse response = new MockHttpServletResponse();
    AnswerBuffer out = new AnswerBuffer(response);
    new JsonWriter(out, pretty).value(value);
    out.finish();
    String text = text(response);
    assertThat(response.getContentLength()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
    return text;
  }

  private static String text(MockHttpServletResponse response) {
    return new String(response.getContentAsByteArray(), StandardCharsets.UTF_8);
  }
}
