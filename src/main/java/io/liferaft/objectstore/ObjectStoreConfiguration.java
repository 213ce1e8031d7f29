package io.liferaft.objectstore;

import io.awspring.cloud.autoconfigure.core.AwsProperties;
import io.awspring.cloud.autoconfigure.s3.S3ClientCustomizer;
import java.net.URI;
import java.time.InstantSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsRegionProvider;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsClientBuilder;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** The object stores, and S3's clients where an address names it. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ObjectStoreProperties.class)
public class ObjectStoreConfiguration {

  ObjectStoreConfiguration() {}

  @Bean
  SecondS3 secondS3(Environment environment, ObjectStoreProperties properties) {
    return SecondS3.of(environment, properties);
  }

  @Bean
  ObjectStores objectStores(
      ObjectProvider<S3Client> client, SecondS3 second, ObjectStoreProperties properties) {
    return new ObjectStores(
        second.beside(client::getIfAvailable),
        properties.s3(),
        InstantSource.system(),
        properties.upload(),
        properties.download());
  }

  /** Applies to the client that Spring Cloud AWS builds. */
  static void configure(
      S3ClientBuilder builder, ObjectStoreProperties.S3 settings, HttpProxy proxy) {
    builder.httpClientBuilder(proxy.client(settings.connectTimeout(), settings.readTimeout()));
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
      return builder -> configure(builder, properties.s3(), properties.way());
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Conditional(KmsInUse.class)
  static class KmsConfiguration {

    @Bean
    KeyService keyService(
        AwsCredentialsProvider credentials,
        AwsRegionProvider regions,
        AwsProperties aws,
        ObjectStoreProperties properties) {
      return new KeyService(region ->
          client(
              region.map(Region::of).orElseGet(regions::getRegion), credentials, aws, properties));
    }

    private static KmsClient client(
        Region region,
        AwsCredentialsProvider credentials,
        AwsProperties aws,
        ObjectStoreProperties properties) {
      ObjectStoreProperties.Kms settings = properties.kms();
      KmsClientBuilder builder =
          KmsClient.builder()
              .region(region)
              .credentialsProvider(credentials)
              .dualstackEnabled(aws.getDualstackEnabled())
              .fipsEnabled(aws.getFipsEnabled())
              .overrideConfiguration(o -> o.apiCallTimeout(settings.callTimeout()));
      builder.httpClientBuilder(
          properties.way().client(settings.callTimeout(), settings.callTimeout()));
      if (!settings.endpoint().isEmpty()) {
        builder.endpointOverride(URI.create(settings.endpoint()));
      } else if (aws.getEndpoint() != null) {
        builder.endpointOverride(aws.getEndpoint());
      }
      return builder.build();
    }
  }
}
