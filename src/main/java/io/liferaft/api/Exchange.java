package io.liferaft.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * One request on a rqlite path and its answer.
 *
 * @param startNanos when it came, by {@link System#nanoTime}
 */
record Exchange(
    HttpServletRequest request,
    HttpServletResponse response,
    QueryParameters parameters,
    long startNanos) {

  void contentType(String value) {
    if (!RawResponseValve.setContentType(request, value)) {
      response.setContentType(value);
    }
  }

  void servedBy(String address) {
    if (!address.isEmpty()) {
      response.setHeader("X-Rqlite-Served-By", address);
    }
  }

  long elapsedNanos() {
    return System.nanoTime() - startNanos;
  }

  boolean isMethod(String method) {
    return request.getMethod().equals(method);
  }

  /** An answer without a body. */
  void empty(int status) {
    response.setStatus(status);
    response.setContentLength(0);
  }

  /** A short text as the whole answer. */
  void text(int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    response.setStatus(status);
    contentType(ContentTypes.TEXT);
    response.setContentLength(bytes.length);
    response.getOutputStream().write(bytes);
  }

  /** A tree of maps, lists and values as the JSON answer. */
  void json(Object tree, boolean pretty) throws IOException {
    contentType(ContentTypes.JSON);
    AnswerBuffer out = new AnswerBuffer(response);
    new JsonWriter(out, pretty).value(tree);
    out.finish();
  }
}
