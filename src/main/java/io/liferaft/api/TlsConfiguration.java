package io.liferaft.api;

import java.nio.charset.StandardCharsets;
import org.apache.tomcat.util.net.TLSClientHelloExtractor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.Http2;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** What rqlite's clients expect of HTTPS beyond Spring Boot's SSL bundles. */
@Configuration(proxyBeanMethods = false)
class TlsConfiguration {

  /** As Go says it. Tomcat's own text is a field that may be set, and this is the only way. */
  private static final String PLAIN_REQUEST =
      String.join(
          "\r\n",
          "HTTP/1.1 400 ",
          "Content-Type: text/plain; charset=utf-8",
          "Connection: close",
          "",
          "Client sent an HTTP request to an HTTPS server.\n");

  @Bean
  HttpTls httpTls(ServerProperties server, HttpProperties http, Environment environment) {
    return HttpTls.of(server.getSsl(), http.verifyCommonName(), environment);
  }

  /** After Spring Boot's own customizer, which has an order. */
  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tlsTomcat(HttpTls tls) {
    return factory -> {
      if (tls.enabled()) {
        // Only with TLS: without, the same switch would offer h2c.
        Http2 http2 = new Http2();
        http2.setEnabled(tls.http2());
        factory.setHttp2(http2);
        TLSClientHelloExtractor.USE_TLS_RESPONSE = PLAIN_REQUEST.getBytes(StandardCharsets.UTF_8);
        if (!tls.commonName().isEmpty()) {
          factory.addEngineValves(new CommonNameValve(tls.commonName()));
        }
      }
    };
  }
}
