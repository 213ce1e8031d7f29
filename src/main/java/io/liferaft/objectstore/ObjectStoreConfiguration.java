package io.liferaft.objectstore;

import io.awspring.cloud.autoconfigure.s3.S3ClientCustomizer;
import java.time.InstantSource;
import java.util.ServiceLoader;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.SdkHttpService;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.utils.AttributeMap;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ObjectStoreProperties.class)
class ObjectStoreConfiguration {

  @Bean
  ObjectStores objectStores(ObjectProvider<S3Client> client, ObjectStoreProperties properties) {
    return new ObjectStores(client::getIfAvailable, properties.s3(), InstantSource.system());
  }

  /** Applies to the client that Spring Cloud AWS builds. */
  static void configure(S3ClientBuilder builder, ObjectStoreProperties.S3 settings) {
    AttributeMap timeouts =
        AttributeMap.builder()
            .put(SdkHttpConfigurationOption.CONNECTION_TIMEOUT, settings.connectTimeout())
            .put(SdkHttpConfigurationOption.READ_TIMEOUT, settings.readTimeout())
            .build();
    SdkHttpService http = ServiceLoader.load(SdkHttpService.class).findFirst().orElseThrow();
    // Built by the S3 client, so that it is also the S3 client that closes it.
    builder.httpClientBuilder(
        defaults -> http.createHttpClientBuilder().buildWithDefaults(timeouts.merge(defaults)));
    switch (settings.checksums()) {
      case WHEN_REQUIRED ->
          builder
              .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
              .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
      case WHEN_SUPPORTED ->
          builder
              .requestChecksumCalculation(RequestChecksumCalculation.WHEN_SUPPORTED)
              .responseChecksumValidation(ResponseChecksumValidation.WHEN_SUPPORTED);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Conditional(S3InUse.class)
  static class S3Configuration {

    @Bean
    S3ClientCustomizer liferaftS3ClientCustomizer(ObjectStoreProperties properties) {
      return builder -> configure(builder, properties.s3());
    }
  }
}
