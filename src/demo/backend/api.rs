//! s3s' trait, put onto the state: input in, output out, the work elsewhere.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, BucketVersioningStatus,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
    CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput,
    DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, GetBucketAclInput,
    GetBucketAclOutput, GetBucketCorsInput, GetBucketCorsOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput,
    ListPartsOutput, PutBucketVersioningInput, PutBucketVersioningOutput, PutObjectInput, PutObjectOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, RestoreObjectInput, RestoreObjectOutput, Tag,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::encryption::refuse_sse;
use super::list::{Query, encoded, from_token, token};
use super::versions::Versioning;
use super::{Backend, Bucket};

type Answer<T> = S3Result<S3Response<T>>;

#[expect(clippy::unnecessary_wraps, reason = "what every method of the trait returns")]
fn ok<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

#[async_trait::async_trait]
impl S3 for Backend {
    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        let state = self.lock();
        let buckets = state.buckets.iter().map(|(name, bucket)| s3s::dto::Bucket {
            name: Some(name.clone()),
            creation_date: Some(bucket.created.into()),
            ..s3s::dto::Bucket::default()
        });
        ok(ListBucketsOutput { buckets: Some(buckets.collect()), ..ListBucketsOutput::default() })
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.lock().bucket(&request.input.bucket)?;
        ok(HeadBucketOutput::default())
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        self.lock().bucket(&request.input.bucket)?;
        ok(GetBucketLocationOutput::default())
    }

    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        let mut state = self.lock();
        if state.buckets.contains_key(&request.input.bucket) {
            return Err(s3_error!(BucketAlreadyOwnedByYou, "You already own this bucket"));
        }
        state.buckets.insert(request.input.bucket, Bucket::new());
        ok(CreateBucketOutput::default())
    }

    async fn delete_bucket(&self, request: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
        let mut state = self.lock();
        if !state.bucket(&request.input.bucket)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
        }
        state.buckets.remove(&request.input.bucket);
        ok(DeleteBucketOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        let status = match self.lock().bucket(&request.input.bucket)?.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
            Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
        };
        let status = status.map(BucketVersioningStatus::from_static);
        ok(GetBucketVersioningOutput { status, ..GetBucketVersioningOutput::default() })
    }

    async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> Answer<PutBucketVersioningOutput> {
        let status = request.input.versioning_configuration.status;
        let enabled = status.is_some_and(|status| status.as_str() == BucketVersioningStatus::ENABLED);
        self.lock().bucket_mut(&request.input.bucket)?.versioning =
            if enabled { Versioning::Enabled } else { Versioning::Suspended };
        ok(PutBucketVersioningOutput::default())
    }

    async fn get_bucket_acl(&self, request: S3Request<GetBucketAclInput>) -> Answer<GetBucketAclOutput> {
        let grants = Some(self.lock().bucket(&request.input.bucket)?.settings.acl());
        ok(GetBucketAclOutput { grants, owner: None })
    }

    async fn get_bucket_policy(
        &self,
        request: S3Request<GetBucketPolicyInput>,
    ) -> Answer<GetBucketPolicyOutput> {
        let policy = self.lock().bucket(&request.input.bucket)?.settings.policy.clone();
        let policy =
            policy.ok_or_else(|| s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist"))?;
        ok(GetBucketPolicyOutput { policy: Some(policy) })
    }

    async fn get_bucket_cors(&self, request: S3Request<GetBucketCorsInput>) -> Answer<GetBucketCorsOutput> {
        let cors = self.lock().bucket(&request.input.bucket)?.settings.cors.clone();
        let missing = || s3_error!(NoSuchCORSConfiguration, "The CORS configuration does not exist");
        ok(GetBucketCorsOutput { cors_rules: Some(cors.ok_or_else(missing)?.cors_rules) })
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        request: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        let lifecycle = self.lock().bucket(&request.input.bucket)?.settings.lifecycle.clone();
        let missing =
            || s3_error!(NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist");
        let rules = Some(lifecycle.ok_or_else(missing)?.rules);
        ok(GetBucketLifecycleConfigurationOutput { rules, ..Default::default() })
    }

    async fn restore_object(&self, request: S3Request<RestoreObjectInput>) -> Answer<RestoreObjectOutput> {
        self.restore(&request.input)?;
        ok(RestoreObjectOutput::default())
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        let input = request.input;
        let listing = self.list(&Query {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            max_keys: input.max_keys.unwrap_or(1000),
            encoding: input.encoding_type.as_ref(),
        })?;
        let encode = |text: &String| encoded(text, input.encoding_type.as_ref());
        ok(ListObjectsOutput {
            is_truncated: Some(listing.next.is_some()),
            // Like AWS: only with a delimiter.
            next_marker: listing.next.as_ref().filter(|_| input.delimiter.is_some()).map(encode),
            contents: Some(listing.objects),
            common_prefixes: Some(listing.prefixes),
            name: Some(input.bucket.clone()),
            prefix: input.prefix.as_ref().map(encode),
            marker: Some(input.marker.as_ref().map(encode).unwrap_or_default()),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            delimiter: input.delimiter.clone(),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectsOutput::default()
        })
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        let input = request.input;
        let after = input.continuation_token.as_deref().map(from_token);
        let after = after.as_deref().or(input.start_after.as_deref());
        let listing = self.list(&Query {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: after.unwrap_or_default(),
            max_keys: input.max_keys.unwrap_or(1000),
            encoding: input.encoding_type.as_ref(),
        })?;
        let encode = |text: &String| encoded(text, input.encoding_type.as_ref());
        ok(ListObjectsV2Output {
            is_truncated: Some(listing.next.is_some()),
            next_continuation_token: listing.next.as_deref().map(token),
            key_count: i32::try_from(listing.objects.len() + listing.prefixes.len()).ok(),
            contents: Some(listing.objects),
            common_prefixes: Some(listing.prefixes),
            name: Some(input.bucket.clone()),
            prefix: input.prefix.as_ref().map(encode),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            delimiter: input.delimiter.clone(),
            encoding_type: input.encoding_type.clone(),
            start_after: input.start_after.as_ref().map(encode),
            continuation_token: input.continuation_token.clone(),
            ..ListObjectsV2Output::default()
        })
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> Answer<ListObjectVersionsOutput> {
        ok(self.list_versions(&request.input)?)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        refuse_sse(&request.headers)?;
        let (output, tags) = self.head(&request.input)?;
        let mut answer = S3Response::new(output);
        if tags > 0 {
            answer.headers.insert("x-amz-tagging-count", tags.into());
        }
        Ok(answer)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        refuse_sse(&request.headers)?;
        ok(self.read(&request.input)?)
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        ok(self.write(request.input).await?)
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        ok(self.copy(&request.input)?)
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let input = request.input;
        let removed = self.remove(&input.bucket, &input.key, input.version_id.as_deref())?;
        let delete_marker = removed.marker.then_some(true);
        ok(DeleteObjectOutput { version_id: removed.id, delete_marker, ..Default::default() })
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        let headers = &request.headers;
        if !headers.contains_key("content-md5")
            && !headers.keys().any(|name| name.as_str().starts_with("x-amz-checksum-"))
        {
            return Err(s3_error!(InvalidRequest, "Missing required header for this request: Content-MD5"));
        }
        let input = request.input;
        let mut deleted = Vec::new();
        for object in &input.delete.objects {
            let removed = self.remove(&input.bucket, &object.key, object.version_id.as_deref())?;
            // Like AWS: the version that was named, and the marker that was made or removed.
            deleted.push(DeletedObject {
                key: Some(object.key.clone()),
                delete_marker: removed.marker.then_some(true),
                version_id: object.version_id.clone(),
                delete_marker_version_id: removed.id.filter(|_| removed.marker),
            });
        }
        let deleted = (!input.delete.quiet.unwrap_or(false)).then_some(deleted);
        ok(DeleteObjectsOutput { deleted, ..Default::default() })
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        ok(self.begin(&request.input)?)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        refuse_sse(&request.headers)?;
        ok(self.take_part(request.input).await?)
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Answer<UploadPartCopyOutput> {
        refuse_sse(&request.headers)?;
        ok(self.copy_part(&request.input)?)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        refuse_sse(&request.headers)?;
        ok(self.complete(&request.input)?)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let input = request.input;
        self.abort(&input.bucket, &input.key, &input.upload_id)?;
        ok(AbortMultipartUploadOutput::default())
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        ok(self.parts(&request.input)?)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        ok(self.unfinished(&request.input)?)
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> Answer<GetObjectTaggingOutput> {
        let input = request.input;
        let (_, stored) = self.lock().bucket(&input.bucket)?.find(&input.key, input.version_id.as_deref())?;
        let tag =
            |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
        ok(GetObjectTaggingOutput { tag_set: stored.tags.iter().map(tag).collect(), version_id: None })
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> Answer<PutObjectTaggingOutput> {
        let input = request.input;
        let tags = input.tagging.tag_set.into_iter();
        let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
        self.retag(&input.bucket, &input.key, input.version_id.as_deref(), tags)?;
        ok(PutObjectTaggingOutput::default())
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> Answer<DeleteObjectTaggingOutput> {
        let input = request.input;
        self.retag(&input.bucket, &input.key, input.version_id.as_deref(), Vec::new())?;
        ok(DeleteObjectTaggingOutput::default())
    }
}
