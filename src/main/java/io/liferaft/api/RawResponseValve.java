package io.liferaft.api;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;

/**
 * Two things the servlet API cannot do. Spelling a content type: Tomcat leaves the space out of
 * {@code application/json; charset=utf-8} whatever it is told, and there are clients that compare
 * the whole value. And breaking a connection off without an end chunk, so that half an answer is
 * never taken for the whole; over HTTP/2 that is the stream.
 */
final class RawResponseValve extends ValveBase {

  private static final String ATTRIBUTE = RawResponseValve.class.getName();

  RawResponseValve() {
    super(true);
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    request.setAttribute(ATTRIBUTE, response.getCoyoteResponse());
    getNext().invoke(request, response);
  }

  /** Sets the content type as spelled; false when this valve is not in the request's way. */
  static boolean setContentType(ServletRequest request, String value) {
    if (request.getAttribute(ATTRIBUTE) instanceof org.apache.coyote.Response raw) {
      raw.getMimeHeaders().setValue("Content-Type").setString(value);
      return true;
    }
    return false;
  }

  /**
   * Closes the connection, or resets the stream, at once; false when this valve is not in the
   * request's way.
   */
  static boolean breakOff(ServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof org.apache.coyote.Response raw) {
      if (request.getProtocol().startsWith("HTTP/2")) {
        // There Tomcat ends the stream as if all had been said, unless there is more that fails.
        raw.setTrailerFields(() -> {
          throw new IllegalStateException("the answer was broken off");
        });
      }
      raw.action(ActionCode.CLOSE_NOW, null);
      return true;
    }
    return false;
  }
}
