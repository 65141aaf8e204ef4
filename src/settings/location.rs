//! Where something is kept: a folder, or a bucket of an S3-compatible service.
//!
//! Made of the keys that name such a place; opened by `files`. Nothing here is checked but the form.

use std::fmt;
use std::path::PathBuf;

use super::config::{Config, S3Addressing};
use crate::base::Secret;

/// How texts that name a bucket begin.
const SCHEME: &str = "s3://";

/// A place.
#[derive(Clone, Debug)]
pub enum Location {
    /// On a disk of this machine.
    Folder(PathBuf),
    /// Elsewhere.
    Bucket(Bucket),
}

/// A bucket, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What it is called.
    pub name: String,
    /// Below what everything lies in it; may be empty.
    pub prefix: String,
    /// Where the service is; `None` is Amazon's for the region.
    pub endpoint: Option<String>,
    /// The region that the service expects to be named.
    pub region: String,
    /// The access key id.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: Secret,
    /// Where requests name the bucket.
    pub addressing: S3Addressing,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Folder(folder) => write!(f, "folder {}", folder.display()),
            Location::Bucket(bucket) => write!(f, "bucket {}", bucket.name),
        }
    }
}

impl Config {
    /// The bucket of the files of records, if they are in one.
    pub fn files_bucket(&self) -> Option<Bucket> {
        (!self.s3_bucket.is_empty()).then(|| Bucket {
            name: self.s3_bucket.clone(),
            prefix: String::new(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            access_key: self.s3_access_key.clone(),
            secret_key: self.s3_secret_key.clone(),
            addressing: self.s3_addressing,
        })
    }

    /// The bucket of backups, if they are in one.
    pub fn backup_bucket(&self) -> Option<Bucket> {
        (!self.backup_s3_bucket.is_empty()).then(|| Bucket {
            name: self.backup_s3_bucket.clone(),
            prefix: String::new(),
            endpoint: self.backup_s3_endpoint.clone(),
            region: self.backup_s3_region.clone(),
            access_key: self.backup_s3_access_key.clone(),
            secret_key: self.backup_s3_secret_key.clone(),
            addressing: self.backup_s3_addressing,
        })
    }

    /// Where changes are shipped to, if they are.
    pub fn ship_location(&self) -> Option<Location> {
        (!self.ship_to.is_empty()).then(|| self.ship_location_at(&self.ship_to))
    }

    /// A place that could be in `ship_to`, with what the configuration says of the service.
    pub fn ship_location_at(&self, text: &str) -> Location {
        let Some(path) = text.strip_prefix(SCHEME) else { return Location::Folder(PathBuf::from(text)) };
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        Location::Bucket(Bucket {
            name: name.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: self.ship_s3_endpoint.clone(),
            region: self.ship_s3_region.clone(),
            access_key: self.ship_s3_access_key.clone(),
            secret_key: self.ship_s3_secret_key.clone(),
            addressing: self.ship_s3_addressing,
        })
    }
}
