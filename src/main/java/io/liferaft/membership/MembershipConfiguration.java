package io.liferaft.membership;

import io.liferaft.raft.GroupMembership;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What makes a node a member of its cluster. */
@Configuration(proxyBeanMethods = false)
public class MembershipConfiguration {

  MembershipConfiguration() {}

  @Bean
  ClusterFormation clusterFormation(GroupMembership membership, ApplicationEventPublisher events) {
    return new ClusterFormation(membership, events);
  }
}
