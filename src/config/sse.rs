//! Server-side encryption as it is written in the configuration, on the command line and by providers.

/// What a writing request asks the provider to encrypt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sse<'a> {
    /// `x-amz-server-side-encryption`: `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: &'a str,
    /// Id, ARN or alias of the KMS key; `None`: the provider's default.
    pub key_id: Option<&'a str>,
}

impl<'a> Sse<'a> {
    /// What users may write.
    pub const FORMS: &'static str = "AES256, aws:kms, aws:kms:KEY-ID, aws:kms:dsse or aws:kms:dsse:KEY-ID";

    /// Whether an object that was encrypted so has the MD5 of its bytes as its ETag, where the provider makes those: what a
    /// key of KMS or of the customer encrypts has not.
    pub fn keeps_md5(sse: Option<&str>) -> bool {
        sse.is_none_or(|sse| sse == "AES256")
    }

    /// Reads what a user wrote; otherwise says what is accepted.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let sse = Self::split(text);
        let known = matches!(sse.algorithm, "AES256" | "aws:kms" | "aws:kms:dsse");
        // The id travels in a header.
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        if known && sse.key_id.is_none_or(is_id) { Ok(sse) } else { Err(format!("must be {}", Self::FORMS)) }
    }

    /// Algorithm and key, whatever the algorithm: providers have names of their own.
    pub fn split(text: &'a str) -> Self {
        let after = |algorithm| text.strip_prefix(algorithm).and_then(|rest: &str| rest.strip_prefix(':'));
        if text == "aws:kms:dsse" {
            return Self { algorithm: text, key_id: None };
        }
        ["aws:kms:dsse", "aws:kms"]
            .into_iter()
            .find_map(|algorithm| Some(Self { algorithm, key_id: Some(after(algorithm)?) }))
            .unwrap_or(Self { algorithm: text, key_id: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_algorithms() {
        let read = |text| Sse::parse(text).map(|sse| (sse.algorithm, sse.key_id));
        assert_eq!(read("AES256"), Ok(("AES256", None)));
        assert_eq!(read("aws:kms"), Ok(("aws:kms", None)));
        assert_eq!(read("aws:kms:alias/a"), Ok(("aws:kms", Some("alias/a"))));
        let arn = "aws:kms:arn:aws:kms:eu-west-1:1:key/2";
        assert_eq!(read(arn), Ok(("aws:kms", Some("arn:aws:kms:eu-west-1:1:key/2"))));
        assert_eq!(read("aws:kms:dsse"), Ok(("aws:kms:dsse", None)));
        assert_eq!(read("aws:kms:dsse:k"), Ok(("aws:kms:dsse", Some("k"))));
        for wrong in ["", "aes256", "AES256:k", "aws:kms:", "aws:kmsx", "aws:kms:a b", "aws:kms:é", "SSE-C"]
        {
            assert!(read(wrong).unwrap_err().contains("aws:kms:KEY-ID"), "{wrong}");
        }
    }
}
