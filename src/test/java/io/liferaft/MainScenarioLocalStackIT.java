package io.liferaft;

import io.liferaft.support.FaultyS3;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** The main scenario against LocalStack, where Docker is. */
@Testcontainers(disabledWithoutDocker = true)
class MainScenarioLocalStackIT {

  @Container
  private static final LocalStackContainer LOCALSTACK =
      new LocalStackContainer(DockerImageName.parse("localstack/localstack:4.9.2"))
          .withServices("s3");

  @Test
  void threeNodesLoseEveryDiskAndComeBackByThemselves(@TempDir Path folder) throws Exception {
    createBucket();
    try (FaultyS3 proxy = FaultyS3.inFrontOf(LOCALSTACK.getEndpoint().getPort());
        MainScenario scenario =
            new MainScenario(
                folder, settings(proxy), new S3Traffic(proxy::requests, MainScenario.KEY))) {
      scenario.run();
    }
  }

  private static void createBucket() {
    try (S3Client s3 =
        S3Client.builder()
            .endpointOverride(LOCALSTACK.getEndpoint())
            .region(Region.of(LOCALSTACK.getRegion()))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(
                        LOCALSTACK.getAccessKey(), LOCALSTACK.getSecretKey())))
            .forcePathStyle(true)
            .build()) {
      s3.createBucket(b -> b.bucket(MainScenario.BUCKET));
    }
  }

  private static List<String> settings(FaultyS3 proxy) {
    return List.of(
        "spring.cloud.aws.region.static=" + LOCALSTACK.getRegion(),
        "spring.cloud.aws.s3.endpoint=" + proxy.endpoint(),
        "spring.cloud.aws.s3.path-style-access-enabled=true",
        "spring.cloud.aws.credentials.access-key=" + LOCALSTACK.getAccessKey(),
        "spring.cloud.aws.credentials.secret-key=" + LOCALSTACK.getSecretKey());
  }
}
