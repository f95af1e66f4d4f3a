//! Server-side encryption as AWS answers about it: nothing is encrypted here, but a key is asked for, and ETags are no
//! MD5s where they would not be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::{S3Result, s3_error};

use super::content::md5_hex;

/// How an object is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub(super) algorithm: Option<String>,
    pub(super) kms_key: Option<String>,
    /// MD5 of the key that came along, base64.
    pub(super) customer_key: Option<String>,
}

/// The encryption that a writing request asks for; all of them have the same fields.
macro_rules! encryption {
    ($input:expr) => {
        $crate::demo::backend::encryption::Encryption {
            algorithm: $input.server_side_encryption.as_ref().map(|sse| sse.as_str().to_owned()),
            kms_key: $input.ssekms_key_id.clone(),
            customer_key: $crate::demo::backend::encryption::customer_key!($input)?,
        }
        .checked()?
    };
}
pub(super) use encryption;

/// The MD5 of the customer key in a request; all of them have the same fields.
macro_rules! customer_key {
    ($input:expr) => {
        $crate::demo::backend::encryption::checked_key(
            $input.sse_customer_algorithm.as_deref(),
            $input.sse_customer_key.as_deref(),
            $input.sse_customer_key_md5.as_deref(),
        )
    };
}
pub(super) use customer_key;

/// The MD5 of the key that the source of a copy is encrypted with; both requests that copy have the same fields.
macro_rules! source_key {
    ($input:expr) => {
        $crate::demo::backend::encryption::checked_key(
            $input.copy_source_sse_customer_algorithm.as_deref(),
            $input.copy_source_sse_customer_key.as_deref(),
            $input.copy_source_sse_customer_key_md5.as_deref(),
        )
    };
}
pub(super) use source_key;

/// Says how an object is encrypted; all answers about objects have the same fields.
macro_rules! describe_encryption {
    ($output:ident, $encryption:expr) => {{
        let encryption: &$crate::demo::backend::encryption::Encryption = $encryption;
        $output.server_side_encryption = encryption.algorithm.clone().map(Into::into);
        $output.ssekms_key_id = encryption.kms_key.clone();
        $output.sse_customer_algorithm = encryption.customer_key.as_ref().map(|_| "AES256".to_owned());
        $output.sse_customer_key_md5 = encryption.customer_key.clone();
    }};
}
pub(super) use describe_encryption;

impl Encryption {
    pub(super) fn checked(self) -> S3Result<Self> {
        if self.algorithm.is_some() && self.customer_key.is_some() {
            return Err(s3_error!(
                InvalidArgument,
                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
            ));
        }
        Ok(self)
    }

    /// Whether a request with this key may read the object.
    pub(super) fn opens(&self, key: Option<&str>) -> S3Result<()> {
        match (self.customer_key.as_deref(), key) {
            (None, None) => Ok(()),
            (Some(own), Some(key)) if own == key => Ok(()),
            (Some(_), Some(_)) => Err(s3_error!(AccessDenied, "Access Denied")),
            (Some(_), None) => Err(s3_error!(
                InvalidRequest,
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."
            )),
            (None, Some(_)) => {
                Err(s3_error!(InvalidRequest, "The encryption parameters are not applicable to this object."))
            }
        }
    }

    /// Whether a part with this key may go into the upload.
    pub(super) fn takes_part(&self, key: Option<&str>) -> S3Result<()> {
        match (self.customer_key.as_deref(), key) {
            (own, key) if own == key => Ok(()),
            (Some(_), None) => Err(s3_error!(
                InvalidRequest,
                "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters."
            )),
            _ => Err(s3_error!(
                InvalidRequest,
                "The provided encryption parameters did not match the ones used originally."
            )),
        }
    }

    /// The ETag of bytes whose MD5, or multipart ETag, is `plain`.
    pub(super) fn etag(&self, plain: String) -> String {
        if !self.hides_md5() {
            return plain;
        }
        let (hex, parts) = plain.split_once('-').map_or((plain.as_str(), None), |(hex, n)| (hex, Some(n)));
        let salted = md5_hex(format!("{hex} encrypted").as_bytes());
        parts.map_or(salted.clone(), |parts| format!("{salted}-{parts}"))
    }

    pub(super) fn hides_md5(&self) -> bool {
        self.customer_key.is_some()
            || self.algorithm.as_deref().is_some_and(|algorithm| algorithm != "AES256")
    }

    /// The form in which the program's users write it; with a customer key its MD5.
    pub(super) fn described(&self) -> Option<String> {
        match (&self.customer_key, &self.algorithm, &self.kms_key) {
            (Some(md5), ..) => Some(format!("SSE-C:{md5}")),
            (None, Some(algorithm), Some(key)) => Some(format!("{algorithm}:{key}")),
            (None, algorithm, _) => algorithm.clone(),
        }
    }
}

pub(super) fn checked_key(
    algorithm: Option<&str>,
    key: Option<&str>,
    md5: Option<&str>,
) -> S3Result<Option<String>> {
    let (Some(algorithm), Some(key), Some(md5)) = (algorithm, key, md5) else {
        return if algorithm.is_none() && key.is_none() && md5.is_none() {
            Ok(None)
        } else {
            Err(s3_error!(
                InvalidArgument,
                "Requests specifying customer provided keys must name all three parameters"
            ))
        };
    };
    let bytes = STANDARD.decode(key).unwrap_or_default();
    if algorithm != "AES256" || bytes.len() != 32 {
        return Err(s3_error!(InvalidArgument, "The secret key was invalid for the specified algorithm."));
    }
    if STANDARD.encode(Md5::digest(&bytes)) != md5 {
        return Err(s3_error!(
            InvalidArgument,
            "The calculated MD5 hash of the key did not match the hash that was provided."
        ));
    }
    Ok(Some(md5.to_owned()))
}

/// Refuses `x-amz-server-side-encryption` where there is nothing to be encrypted anew.
pub(super) fn refuse_sse(headers: &HeaderMap) -> S3Result<()> {
    if headers.contains_key("x-amz-server-side-encryption") {
        return Err(s3_error!(
            InvalidArgument,
            "x-amz-server-side-encryption header is not supported for this operation."
        ));
    }
    Ok(())
}
