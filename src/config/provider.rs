//! The provider table: every quirk this program knows, as data. Facts: the providers' own documentation and
//! measurements; `doctor`-like probing may correct them per profile.

use super::Checksums;

/// What is special about one provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name on the screen.
    pub title: &'static str,
    /// The endpoint with `{region}`, `{account}` and `{jurisdiction}` (empty or `.eu`) in it; `None`: it must be
    /// configured, or is AWS's own.
    pub endpoint: Option<&'static str>,
    /// The region when none is configured; `None`: it must be configured, or is read from the AWS files.
    pub region: Option<&'static str>,
    /// Buckets in the path rather than in the host name.
    pub path_style: bool,
    /// The SDK's checksum mode.
    pub checksums: Checksums,
    /// Whether listings come in byte order of the keys and honour `start-after`.
    pub ordered: bool,
    /// ListObjects version: 1 or 2.
    pub list_version: u8,
    /// Whether listings are asked for with `encoding-type=url` at first.
    pub encode_keys: bool,
    /// Whether an answer that says its keys are encoded may be wrong, as those of some servers are.
    pub doubtful_encoding: bool,
    /// Whether the unfinished uploads of a bucket or a prefix can be listed. MinIO takes the prefix of
    /// ListMultipartUploads for one exact key, so that any other listing of it is empty.
    pub lists_all_uploads: bool,
    /// Whether ListBuckets takes `max-buckets` and continuation tokens.
    pub pages_buckets: bool,
    /// Parts of one upload in flight, at most.
    pub parts_per_upload: usize,
    /// Largest part number.
    pub max_parts: u32,
    /// Largest object in bytes.
    pub max_object: u64,
    /// Whether the server copies parts conditionally (`x-amz-copy-source-if-match` on UploadPartCopy).
    pub copy_part_if_match: bool,
    /// Whether an ETag of an unencrypted single PUT is its MD5 and one of a multipart upload follows AWS's formula.
    pub md5_etags: bool,
    /// Whether objects have tags.
    pub tags: bool,
    /// Whether HEAD tells how many tags an object has (`x-amz-tagging-count`); elsewhere there may be some all the same.
    pub counts_tags: bool,
    /// Full-object checksum that uploads may name (`CRC64NVME`, `CRC32`): checked on arrival, kept with the object.
    pub kept_checksum: Option<&'static str>,
    /// Names of buckets are as AWS wants them; elsewhere they may be longer and have capitals and underscores.
    pub plain_bucket_names: bool,
    /// Whether a bucket may have several names (Garage: aliases), so that two names are no proof of two buckets.
    pub bucket_aliases: bool,
    /// Whether keys that differ in case or in slashes are always two objects; not so where they become paths of some
    /// file system.
    pub exact_keys: bool,
    /// Storage classes it knows; empty: only one.
    pub storage_classes: &'static [&'static str],
    /// Largest object that CopyObject takes, in bytes.
    pub max_copy: u64,
}

/// The row called `name`.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// What an S3-compatible server nobody knows is assumed to be; the base of every other row.
const OTHER: Provider = Provider {
    name: "other",
    title: "S3-compatible",
    endpoint: None,
    region: Some("us-east-1"),
    path_style: true,
    checksums: Checksums::Required,
    ordered: false,
    list_version: 2,
    encode_keys: true,
    doubtful_encoding: true,
    lists_all_uploads: true,
    pages_buckets: false,
    parts_per_upload: 32,
    max_parts: 10_000,
    max_object: 5 * TIB,
    copy_part_if_match: true,
    md5_etags: true,
    tags: true,
    counts_tags: false,
    kept_checksum: None,
    plain_bucket_names: true,
    bucket_aliases: true,
    exact_keys: false,
    storage_classes: &[],
    max_copy: 5 * GIB,
};

/// The table; the first row is `other`.
pub const PROVIDERS: &[Provider] = &[
    OTHER,
    Provider {
        name: "aws",
        title: "AWS S3",
        region: None,
        path_style: false,
        checksums: Checksums::Supported,
        ordered: true,
        doubtful_encoding: false,
        pages_buckets: true,
        max_object: 48 * TIB,
        kept_checksum: Some("CRC64NVME"),
        storage_classes: &[
            "STANDARD",
            "STANDARD_IA",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER_IR",
            "GLACIER",
            "DEEP_ARCHIVE",
        ],
        counts_tags: true,
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "r2",
        title: "Cloudflare R2",
        endpoint: Some("https://{account}{jurisdiction}.r2.cloudflarestorage.com"),
        region: Some("auto"),
        ordered: true,
        doubtful_encoding: false,
        parts_per_upload: 3,
        max_object: 5 * TIB - 5 * GIB,
        copy_part_if_match: false,
        tags: false,
        storage_classes: &["STANDARD", "STANDARD_IA"],
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "spaces",
        title: "DigitalOcean Spaces",
        endpoint: Some("https://{region}.digitaloceanspaces.com"),
        region: None,
        path_style: false,
        ordered: true,
        encode_keys: false,
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "wasabi",
        title: "Wasabi",
        endpoint: Some("https://s3.{region}.wasabisys.com"),
        region: None,
        ordered: true,
        doubtful_encoding: false,
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "b2",
        title: "Backblaze B2",
        endpoint: Some("https://s3.{region}.backblazeb2.com"),
        region: None,
        ordered: true,
        doubtful_encoding: false,
        tags: false,
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "minio",
        title: "MinIO",
        ordered: true,
        doubtful_encoding: false,
        counts_tags: true,
        lists_all_uploads: false,
        bucket_aliases: false,
        ..OTHER
    },
    Provider {
        name: "garage",
        title: "Garage",
        region: Some("garage"),
        ordered: true,
        doubtful_encoding: false,
        tags: false,
        exact_keys: true,
        ..OTHER
    },
    Provider {
        name: "seaweedfs",
        title: "SeaweedFS",
        list_version: 1,
        encode_keys: false,
        kept_checksum: Some("CRC32"),
        counts_tags: true,
        bucket_aliases: false,
        ..OTHER
    },
    Provider {
        name: "ceph",
        title: "Ceph RGW",
        ordered: true,
        list_version: 1,
        encode_keys: false,
        plain_bucket_names: false,
        counts_tags: true,
        bucket_aliases: false,
        exact_keys: true,
        ..OTHER
    },
];
