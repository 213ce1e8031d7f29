package io.liferaft.api;

import io.liferaft.security.CertificateNames;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets in only clients whose certificate has a certain common name. rqlite breaks the handshake
 * off; Tomcat makes its trust managers itself, anew with each new certificate, so that this is the
 * first place that all requests pass, the actuator's included.
 */
final class CommonNameValve extends ValveBase {

  private static final Logger log = LoggerFactory.getLogger(CommonNameValve.class);
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";
  private static final byte[] REFUSAL =
      "the client's certificate has another common name\n".getBytes(StandardCharsets.UTF_8);

  private final String expected;
  private final AtomicReference<String> refused = new AtomicReference<>("");

  CommonNameValve(String expected) {
    super(true);
    this.expected = expected;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    String name =
        request.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
            ? CertificateNames.commonName(chain[0]).orElse("")
            : "";
    if (name.equals(expected)) {
      getNext().invoke(request, response);
      return;
    }
    if (!name.equals(refused.getAndSet(name))) {
      log.warn(
          "A client at {} is refused: its certificate is for '{}', and liferaft.http.verify-common-name={}",
          request.getRemoteAddr(),
          name.replaceAll("\\p{Cntrl}", "?"),
          expected);
    }
    response.setStatus(403);
    response.setContentType("text/plain;charset=utf-8");
    response.setContentLength(REFUSAL.length);
    response.getOutputStream().write(REFUSAL);
  }
}
