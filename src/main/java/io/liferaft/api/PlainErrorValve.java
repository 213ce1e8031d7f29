package io.liferaft.api;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;

/**
 * What Tomcat refuses by itself, because it never reaches this program, is answered in one line of
 * text as everything else. Public for Tomcat, which makes it by its name.
 */
public final class PlainErrorValve extends ErrorReportValve {

  private static final Logger log = LoggerFactory.getLogger(PlainErrorValve.class);

  @Override
  protected void report(Request request, Response response, @Nullable Throwable throwable) {
    int status = response.getStatus();
    if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    try {
      response.setCharacterEncoding(StandardCharsets.UTF_8);
      response
          .getCoyoteResponse()
          .getMimeHeaders()
          .setValue("Content-Type")
          .setString("text/plain; charset=utf-8");
      Writer writer = response.getReporter();
      if (writer != null) {
        writer.write(text(status, response.getMessage()) + "\n");
        response.finishResponse();
      }
    } catch (IOException e) {
      log.debug("The client went away before it was told of status {}", status, e);
    }
  }

  private static String text(int status, @Nullable String message) {
    if (message != null && !message.isBlank()) {
      return message.lines().findFirst().orElse(message);
    }
    if (status == 400) {
      return "malformed or incomplete HTTP request";
    }
    HttpStatus known = HttpStatus.resolve(status);
    return known == null ? "status " + status : known.getReasonPhrase();
  }
}
