//! A body with its checksum behind it (`aws-chunked`, `x-amz-trailer`), as the AWS SDKs send streams. This program never
//! does, since some servers refuse it and some store the framing as content; it is sent to find out.

use aws_sdk_s3::Config;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::types::ChecksumAlgorithm;

use super::Store;
use super::body::Body;
use super::object::stalled;
use super::transport::unless_stalled;
use crate::error::Result;

impl Store {
    /// PUT with a trailing CRC-32. One attempt.
    pub async fn put_with_trailer(&self, bucket: &str, key: &str, body: Body) -> Result<()> {
        let op = self.op("write with a trailing checksum", bucket, key);
        self.writable(op)?;
        let sent = body.sent();
        let request = self.clients(bucket).once.put_object().bucket(bucket).key(key);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32).body(body.streamed().into());
        let always =
            Config::builder().request_checksum_calculation(RequestChecksumCalculation::WhenSupported);
        let request = request.customize().config_override(always);
        match unless_stalled(request.send(), &sent).await {
            None => Err(stalled(op)),
            Some(Err(error)) => Err(self.written_elsewhere(bucket, op, error)),
            Some(Ok(_)) => Ok(()),
        }
    }
}
