//! One connected profile. The only home of the AWS SDK: nothing of `aws_*` shows in a public signature.
//!
//! What is asked thousands of times, about single objects and for pages of keys, is made in `s3/request.rs`, everything else
//! by the SDK.
//!
//! Every error names operation, bucket and key, the provider's code and message, and a hint where one is known
//! (`s3/fault.rs`). Quirks come from the provider table (`config::provider`), never from a provider's name.

mod answer;
mod archive;
mod attributes;
mod body;
mod bucket;
mod change;
mod connect;
mod copy;
mod delete;
mod digest;
mod encode;
mod encryption;
mod facts;
mod fault;
mod info;
mod learnt;
mod list;
mod multipart;
mod object;
mod page;
mod presign;
mod request;
mod settings;
mod tags;
mod times;
mod trailer;
mod transport;
mod versions;

pub use archive::Speed;
pub use attributes::Attributes;
pub use body::{Body, Signed};
pub use change::{Change, Changed};
pub use connect::{Connections, Store};
pub use copy::CopySource;
pub use delete::{Deleted, ObjectId};
pub use digest::{Algorithm, Digest, Hasher, multipart_etag};
pub use encode::encode_path;
pub use encryption::CustomerKey;
pub use facts::Fact;
pub use info::{ObjectInfo, Restore};
pub use list::ListRequest;
pub use multipart::{CompletedPart, Part, PartRequest, Upload, UploadList};
pub use object::{Download, GetOptions, PutOptions, Written};
pub use presign::{EndsBecause, MAX_EXPIRES, Method, PartLink, PresignRequest, Presigned};
pub use settings::Versioning;
pub use times::{is_newer, kept_time};
pub use versions::{Stored, Version, VersionMarker, VersionPage};
