package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.liferaft.support.FaultyS3;
import io.liferaft.support.S3Server;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.util.unit.DataSize;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;

class ObjectStoreConfigurationTests {

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Application.class);

  @EnableAutoConfiguration
  @Import(ObjectStoreConfiguration.class)
  static class Application {}

  private static List<String> awsBeans(ApplicationContext context) {
    return Arrays.stream(context.getBeanDefinitionNames())
        .filter(name -> fromAws(context.getType(name)))
        .toList();
  }

  private static boolean fromAws(@Nullable Class<?> type) {
    if (type == null) {
      return false;
    }
    return type.getName().startsWith("software.amazon.")
        || type.getName().startsWith("io.awspring.")
        || Arrays.stream(type.getInterfaces()).anyMatch(ObjectStoreConfigurationTests::fromAws);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "liferaft.backup.target=",
        "liferaft.backup.target=file:/backups/db.sqlite.gz",
        "liferaft.restore.source=file:/s3:/db"
      })
  void makesNothingOfAwsUnlessAnAddressIsS3(String setting) {
    runner
        .withPropertyValues(setting)
        .run(context -> {
          assertThat(context).hasNotFailed().hasSingleBean(ObjectStores.class);
          assertThat(awsBeans(context)).isEmpty();
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "liferaft.backup.target",
        "liferaft.backup.second-target",
        "liferaft.restore.source"
      })
  void makesAClientFromSpringCloudAwsSettings(String key) {
    runner
        .withPropertyValues(
            key + "=s3://backups/db.sqlite.gz",
            "spring.cloud.aws.region.static=eu-central-1",
            "spring.cloud.aws.s3.endpoint=http://127.0.0.1:1",
            "spring.cloud.aws.credentials.access-key=a",
            "spring.cloud.aws.credentials.secret-key=b")
        .run(context -> {
          assertThat(context)
              .hasSingleBean(S3Client.class)
              .hasSingleBean(AwsRegionProvider.class)
              .hasSingleBean(AwsCredentialsProvider.class);
          var client = context.getBean(S3Client.class).serviceClientConfiguration();
          assertThat(client.region().id()).isEqualTo("eu-central-1");
          assertThat(client.endpointOverride()).hasToString("Optional[http://127.0.0.1:1]");
          assertThat(
                  context
                      .getBean(ObjectStores.class)
                      .open(ObjectStores.parse("s3://backups/db"), false)
                      .location())
              .isEqualTo("s3://backups");
        });
  }

  @Test
  void saysWhichSettingIsMissingWhenThereIsNoRegion() {
    runner
        .withPropertyValues("liferaft.backup.target=s3://backups/db.sqlite.gz")
        .withSystemProperties("aws.disableEc2Metadata=true", "aws.configFile=/nonexistent")
        .run(context -> {
          Throwable failure = Objects.requireNonNull(context.getStartupFailure());
          FailureAnalysis analysis =
              Objects.requireNonNull(new AwsSettingsFailureAnalyzer().analyze(failure));
          assertThat(analysis.getAction())
              .contains("spring.cloud.aws.region.static")
              .contains("eu-central-1");
        });
  }

  @Test
  void asksForRegionAndCredentialsOnlyWhereAKeyIsInKms() {
    runner
        .withPropertyValues(
            "liferaft.archive.encryption.keys.k1=kms:alias/backups",
            "spring.cloud.aws.region.static=eu-central-1",
            "spring.cloud.aws.credentials.access-key=a",
            "spring.cloud.aws.credentials.secret-key=b")
        .run(context ->
            assertThat(context)
                .hasSingleBean(KeyService.class)
                .hasSingleBean(AwsRegionProvider.class)
                .hasSingleBean(AwsCredentialsProvider.class)
                .doesNotHaveBean(S3Client.class));
    runner
        .withPropertyValues("liferaft.archive.encryption.keys.k1=env:kms")
        .run(context -> {
          assertThat(context).doesNotHaveBean(KeyService.class);
          assertThat(awsBeans(context)).isEmpty();
        });
  }

  @Test
  void hasDefaults() {
    runner.run(context ->
        assertThat(context.getBean(ObjectStoreProperties.class).s3())
            .isEqualTo(
                ObjectStoreProperties.S3.of(
                    ObjectStoreProperties.Checksums.WHEN_REQUIRED,
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30))));
  }

  @Test
  void takesRatesAndAProxyAndTellsNoPassword() {
    runner.run(context -> {
      ObjectStoreProperties defaults = context.getBean(ObjectStoreProperties.class);
      assertThat(defaults.proxy()).isEmpty();
      assertThat(defaults.noProxy()).isEmpty();
      assertThat(defaults.upload()).isNull();
      assertThat(defaults.download()).isNull();
    });
    runner
        .withPropertyValues(
            "liferaft.objectstore.proxy=http://me:top-secret@proxy.example:3128",
            "liferaft.objectstore.no-proxy=minio.internal,.example",
            "liferaft.objectstore.upload-rate=5MB",
            "liferaft.objectstore.download-rate=64KB")
        .run(context -> {
          ObjectStoreProperties properties = context.getBean(ObjectStoreProperties.class);
          assertThat(properties.proxy()).contains("proxy.example");
          assertThat(properties.noProxy()).containsExactly("minio.internal", ".example");
          assertThat(properties.uploadRate()).isEqualTo(DataSize.ofMegabytes(5));
          assertThat(properties.downloadRate()).isEqualTo(DataSize.ofKilobytes(64));
          assertThat(properties.toString()).doesNotContain("top-secret").contains("proxy.example");
        });
  }

  @ParameterizedTest
  @CsvSource({
    "liferaft.objectstore.upload-rate=10, a valid one is 10MB",
    "liferaft.objectstore.download-rate=-1KB, less than 64KB",
    "liferaft.objectstore.proxy=proxy:3128, a valid one is http://proxy:3128",
    "liferaft.objectstore.proxy=http://proxy, a valid one is http://proxy:3128",
    "liferaft.objectstore.proxy=http://me:top-secret@proxy, a valid one is http://proxy:3128",
  })
  void refusesRatesAndProxiesThatAreNone(String setting, String why) {
    runner
        .withPropertyValues(setting)
        .run(context ->
            assertThat(context.getStartupFailure())
                .rootCause()
                .hasMessageContaining(setting.substring(0, setting.indexOf('=')))
                .hasMessageContaining(why)
                .hasMessageNotContaining("top-secret"));
  }

  @Test
  void theBucketOfTheSecondTargetMayHaveAWayOfItsOwn() {
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://backups/db/",
            "liferaft.backup.second-target=s3://elsewhere/db/",
            "liferaft.objectstore.second-s3.region=auto",
            "liferaft.objectstore.second-s3.endpoint=https://account.r2.example",
            "liferaft.objectstore.second-s3.access-key=second-access",
            "liferaft.objectstore.second-s3.secret-key=second-secret",
            "liferaft.objectstore.second-s3.path-style-access-enabled=true",
            "spring.cloud.aws.region.static=eu-central-1",
            "spring.cloud.aws.credentials.access-key=a",
            "spring.cloud.aws.credentials.secret-key=b")
        .run(context -> {
          SecondS3 second = context.getBean(SecondS3.class);
          assertThat(second.leadsTo("elsewhere")).isTrue();
          assertThat(second.leadsTo("backups")).isFalse();
          var client = second.client().serviceClientConfiguration();
          assertThat(client.region().id()).isEqualTo("auto");
          assertThat(client.endpointOverride()).hasToString("Optional[https://account.r2.example]");
          assertThat(second.client().utilities().getUrl(b -> b.bucket("elsewhere").key("k")))
              .hasToString("https://account.r2.example/elsewhere/k");
          assertThat(client.credentialsProvider().resolveIdentity().join().accessKeyId())
              .isEqualTo("second-access");
          assertThat(context.getBean(S3Client.class).serviceClientConfiguration().region().id())
              .isEqualTo("eu-central-1");
          assertThat(context.getBean(ObjectStoreProperties.class).toString())
              .doesNotContain("second-access", "second-secret");
        });
  }

  @Test
  void theSecondClientIsMadeOnceAndBesideTheFirst() {
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://backups/db/",
            "liferaft.backup.second-target=S3://elsewhere/db/",
            "liferaft.objectstore.second-s3.region=auto",
            "liferaft.objectstore.second-s3.access-key=a",
            "liferaft.objectstore.second-s3.secret-key=b",
            "spring.cloud.aws.region.static=eu-central-1")
        .run(context -> {
          S3Client first = context.getBean(S3Client.class);
          SecondS3 second = context.getBean(SecondS3.class);
          ObjectStores.Clients clients = second.beside(() -> first);
          assertThat(clients.of("backups")).isSameAs(first);
          assertThat(clients.of("elsewhere"))
              .isNotSameAs(first)
              .isSameAs(clients.of("elsewhere"))
              .isSameAs(second.client());
          assertThat(clients.credentialsSetting("backups"))
              .isEqualTo("spring.cloud.aws.credentials");
          assertThat(clients.credentialsSetting("elsewhere"))
              .isEqualTo("liferaft.objectstore.second-s3.access-key");
        });
  }

  @Test
  void theSecondClientGoesTheWayOfTheFirstAndEndsWithTheNode() {
    try (S3Server server = S3Server.startOf("somebody", "elsewhere");
        FaultyS3 proxy = FaultyS3.inFrontOf(server)) {
      S3Client[] client = new S3Client[1];
      runner
          .withPropertyValues(
              "liferaft.backup.target=file:/backups/db/",
              "liferaft.backup.second-target=s3://elsewhere/db/",
              "liferaft.objectstore.proxy=" + proxy.endpoint(),
              "liferaft.objectstore.second-s3.region=" + server.region(),
              "liferaft.objectstore.second-s3.endpoint=http://store.invalid",
              "liferaft.objectstore.second-s3.path-style-access-enabled=true",
              "liferaft.objectstore.second-s3.access-key=" + server.accessKey(),
              "liferaft.objectstore.second-s3.secret-key=" + server.secretKey())
          .run(context -> {
            ObjectInfo _ =
                context
                    .getBean(ObjectStores.class)
                    .open(ObjectStores.parse("s3://elsewhere/db/"), false)
                    .put("k", Map.of(), new PutCondition.Always(), out -> out.write(1));
            client[0] = context.getBean(SecondS3.class).client();
          });

      assertThat(proxy.requests())
          .singleElement()
          .satisfies(request -> {
            assertThat(request.is("PUT", "k")).isTrue();
            assertThat(request.header("x-amz-checksum-crc32")).as("unless it is told to").isEmpty();
          });
      assertThatThrownBy(() -> client[0].headBucket(b -> b.bucket("elsewhere")))
          .hasStackTraceContaining("shut down");
    }
  }

  @Test
  void asksSpringCloudAwsForNothingWhereOnlyTheSecondTargetIsInS3AndHasItsOwn() {
    runner
        .withPropertyValues(
            "liferaft.backup.target=file:/backups/db/",
            "liferaft.backup.second-target=s3://elsewhere/db/",
            "liferaft.objectstore.second-s3.region=us-east-1",
            "liferaft.objectstore.second-s3.access-key=a",
            "liferaft.objectstore.second-s3.secret-key=b")
        .run(context -> {
          assertThat(context).hasNotFailed().doesNotHaveBean(S3Client.class);
          assertThat(awsBeans(context)).isEmpty();
          assertThat(
                  context
                      .getBean(ObjectStores.class)
                      .open(ObjectStores.parse("s3://elsewhere/db/"), false)
                      .location())
              .isEqualTo("s3://elsewhere");
        });
  }

  @ParameterizedTest
  @CsvSource({
    "s3://two/x/, access-key=a, region is empty",
    "s3://two/x/, endpoint=https://s3.example, region is empty",
    "s3://two/x/, region=auto, access-key is empty",
    "s3://two/x/, region=auto access-key=a, secret-key is empty",
    "s3://two/x/, region=auto access-key=a secret-key=top-secret endpoint=s3.example, a valid one is https://s3.example.com",
    "file:/two/, region=auto access-key=a secret-key=top-secret, second-target is not set to an address like s3://",
    "s3://one/y/, region=auto access-key=a secret-key=top-secret, both name the bucket one",
  })
  void refusesAWayThatLeadsNowhere(String second, String settings, String why) {
    runner
        .withPropertyValues(
            "liferaft.backup.target=s3://one/x/",
            "liferaft.backup.second-target=" + second,
            "spring.cloud.aws.region.static=eu-central-1")
        .withPropertyValues(
            Arrays.stream(settings.split(" "))
                .map(setting -> "liferaft.objectstore.second-s3." + setting)
                .toArray(String[]::new))
        .run(context ->
            assertThat(context.getStartupFailure())
                .rootCause()
                .hasMessageContaining("liferaft.objectstore.second-s3.")
                .hasMessageContaining(why)
                .hasMessageNotContaining("top-secret"));
  }

  @Test
  void mapsEverySetting() {
    runner
        .withPropertyValues(
            "liferaft.objectstore.s3.checksums=when-supported",
            "liferaft.objectstore.s3.connect-timeout=1s",
            "liferaft.objectstore.s3.read-timeout=2s",
            "liferaft.objectstore.s3.call-timeout=3s",
            "liferaft.objectstore.s3.server-side-encryption=sse-kms",
            "liferaft.objectstore.s3.kms-key-id=alias/backups",
            "liferaft.objectstore.s3.bucket-key-enabled=false")
        .run(context ->
            assertThat(context.getBean(ObjectStoreProperties.class).s3())
                .isEqualTo(
                    new ObjectStoreProperties.S3(
                        ObjectStoreProperties.Checksums.WHEN_SUPPORTED,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(3),
                        ObjectStoreProperties.ServerSideEncryption.SSE_KMS,
                        "alias/backups",
                        false)));
  }

  @ParameterizedTest
  @CsvSource({
    "liferaft.objectstore.s3.checksums, never",
    "liferaft.objectstore.s3.connect-timeout, 0s",
    "liferaft.objectstore.s3.read-timeout, -1s",
    "liferaft.objectstore.s3.call-timeout, 0s",
    "liferaft.objectstore.s3.server-side-encryption, aes",
    "liferaft.objectstore.kms.endpoint, 127.0.0.1:4566",
    "liferaft.objectstore.kms.call-timeout, 0s",
    "liferaft.objectstore.s3.kms-key-id, alias/backups"
  })
  void refusesNonsenseNamingTheKey(String key, String value) {
    runner
        .withPropertyValues(key + "=" + value)
        .run(context ->
            assertThat(context)
                .getFailure()
                .satisfies(e ->
                    assertThat(
                            java.util.stream.Stream.iterate(e, x -> x.getCause())
                                .takeWhile(x -> x != null)
                                .map(Throwable::getMessage))
                        .anyMatch(m -> m.contains(key))));
  }

  @ParameterizedTest
  @CsvSource({
    "none, alias/backups, set that to sse-kms",
    "sse-s3, alias/backups, set that to sse-kms",
    "sse-kms, alias/, valid are its ARN",
    "sse-kms-dsse, my key, valid are its ARN",
    "sse-kms, arn:aws:s3:::bucket, valid are its ARN"
  })
  void refusesAKeyOfKmsThatMeansNothing(String kind, String key, String valid) {
    runner
        .withPropertyValues(
            "liferaft.objectstore.s3.server-side-encryption=" + kind,
            "liferaft.objectstore.s3.kms-key-id=" + key)
        .run(context ->
            assertThat(context)
                .getFailure()
                .rootCause()
                .hasMessageContaining("liferaft.objectstore.s3.kms-key-id=" + key)
                .hasMessageContaining(valid));
  }
}
