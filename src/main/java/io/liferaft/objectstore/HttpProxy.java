package io.liferaft.objectstore;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.apache5.ProxyConfiguration;
import software.amazon.awssdk.utils.AttributeMap;

/** The way from here to AWS, or to what speaks as AWS does. */
final class HttpProxy {

  private final @Nullable ProxyConfiguration configuration;

  /**
   * @param address empty for what the SDK finds by itself
   * @param none hosts that are reached without it; a star stands for anything, a leading dot for
   *     all hosts of a domain
   */
  HttpProxy(String address, List<String> none) {
    this.configuration = address.isEmpty() ? null : configuration(URI.create(address), none);
  }

  private static ProxyConfiguration configuration(URI address, List<String> none) {
    ProxyConfiguration.Builder builder =
        ProxyConfiguration.builder()
            .endpoint(
                URI.create(
                    address.getScheme() + "://" + address.getHost() + ":" + address.getPort()))
            .nonProxyHosts(patterns(none))
            .useSystemPropertyValues(false)
            .useEnvironmentVariableValues(false);
    String user = address.getRawUserInfo();
    if (user != null) {
      int colon = user.indexOf(':');
      builder
          .username(decoded(colon < 0 ? user : user.substring(0, colon)))
          .password(colon < 0 ? "" : decoded(user.substring(colon + 1)))
          .preemptiveBasicAuthenticationEnabled(true);
    }
    return builder.build();
  }

  private static String decoded(String text) {
    // A plus is a plus here.
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static Set<String> patterns(List<String> hosts) {
    return hosts.stream()
        .map(host -> host.strip().toLowerCase(Locale.ROOT))
        .map(host -> host.startsWith(".") ? "*" + host : host)
        .map(host ->
            Stream.of(host.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Built by the client that uses it, so that it is also the client that closes it. */
  SdkHttpClient.Builder<?> client(Duration connectTimeout, Duration readTimeout) {
    AttributeMap timeouts =
        AttributeMap.builder()
            .put(SdkHttpConfigurationOption.CONNECTION_TIMEOUT, connectTimeout)
            .put(SdkHttpConfigurationOption.READ_TIMEOUT, readTimeout)
            .build();
    Apache5HttpClient.Builder http = Apache5HttpClient.builder();
    if (configuration != null) {
      http.proxyConfiguration(configuration);
    }
    return new Defaulted(http, timeouts);
  }

  /** With time limits of ours before those of the service. */
  private record Defaulted(SdkHttpClient.Builder<?> http, AttributeMap timeouts)
      implements SdkHttpClient.Builder<Defaulted> {

    @Override
    public SdkHttpClient buildWithDefaults(AttributeMap defaults) {
      return http.buildWithDefaults(timeouts.merge(defaults));
    }
  }
}
