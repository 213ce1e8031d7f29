package io.liferaft.queue;

import java.time.Duration;

/**
 * The queue, now.
 *
 * @param capacity requests that it holds at the most
 * @param batchSize requests that are written together at the most
 * @param timeout how long the first request waits for others; zero for no such limit
 * @param requests taken and not written yet
 * @param bytes of memory that these are counted with
 * @param sequenceNumber of the last request that was written; 0 for none since the start
 */
public record QueueStatus(
    int capacity, int batchSize, Duration timeout, int requests, long bytes, long sequenceNumber) {}
