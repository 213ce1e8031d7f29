/**
 * Bytes under keys, in an S3 bucket or a directory; and the keys of AWS KMS.
 *
 * <p>Promises: only complete objects become visible, and after {@code put} returns they are
 * durable. "Nothing is there" is said only when the store itself answered so; whatever else went
 * wrong is an {@link io.liferaft.objectstore.ObjectStoreException} whose reason tells the next
 * step. A stream that ends before the object does throws. No object is held in memory: S3 needs one
 * part (8 MiB for the first 8 GB), a directory 64 KiB.
 *
 * <p>Must never: connect to, resolve a region for or look for credentials of AWS unless a backup
 * target or restore source is {@code s3://} or a key of archives is {@code kms:}; put a secret into
 * a message; reach a file outside the directory it was opened for.
 *
 * <p>Threads: none of its own (with S3 or KMS in use the AWS SDK keeps a timer and a reaper of idle
 * connections, both daemons); every call blocks its caller and is bounded by the time-outs of
 * {@code liferaft.objectstore.s3.*} and {@code .kms.*} (reading or writing a body: per read, not as
 * a whole).
 *
 * <p>After a crash at any line: in S3 possibly an unfinished multipart upload (a life-cycle rule
 * removes those), in a directory possibly a {@code .liferaft-tmp-} file (the next put removes it).
 * A put whose answer was lost is UNAVAILABLE although it may have taken effect; a conditional
 * repetition of it then says PRECONDITION_FAILED.
 */
@NullMarked
@ApplicationModule(allowedDependencies = "go")
package io.liferaft.objectstore;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
