package io.liferaft.api;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.http.MimeHeaders;

/**
 * Hands the response's raw headers on: Tomcat spells {@code application/json; charset=utf-8}
 * without the space, whatever it is told, and there are clients that compare the whole value.
 */
final class ExactHeadersValve extends ValveBase {

  private static final String ATTRIBUTE = ExactHeadersValve.class.getName();

  ExactHeadersValve() {
    super(true);
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    request.setAttribute(ATTRIBUTE, response.getCoyoteResponse().getMimeHeaders());
    getNext().invoke(request, response);
  }

  /** Sets the content type as spelled; false when this valve is not in the way of the request. */
  static boolean setContentType(ServletRequest request, String value) {
    if (request.getAttribute(ATTRIBUTE) instanceof MimeHeaders headers) {
      headers.setValue("Content-Type").setString(value);
      return true;
    }
    return false;
  }
}
