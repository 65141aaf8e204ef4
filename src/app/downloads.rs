//! Files of records on their way out.

use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;

use super::App;
use crate::auth::token;
use crate::base::Result;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Context, Credential, Principal, RequestInfo};
use crate::files::Content;
use crate::files::previews::Outcome;
use crate::files::storage::local_content;
use crate::files::thumbs::is_offered;
use crate::records::{self, Cx, VisibleFile};
use crate::store::ReadTx;

impl App {
    /// The file that a record names: see [`records::find_file`]. Whoever asks is told by the token in the query only,
    /// which must be one for files: addresses of files stand in pages, and what a browser sends along by itself must
    /// not count.
    ///
    /// # Errors
    /// 404.
    pub async fn find_file(
        &self,
        client_ip: IpAddr,
        request: RequestInfo,
        collection: String,
        id: String,
        name: String,
    ) -> Result<VisibleFile> {
        let (app, from_here) = (self.clone(), self.lets_superusers_in(client_ip));
        let request = RequestInfo { context: Context::ProtectedFile, ..request };
        let find = move |tx: &ReadTx<'_>| {
            let plans = &app.0.plans;
            let guest = Cx { principal: &Principal::Guest, credential: &Credential::None, request: &request, plans };
            let bearer = token::file_bearer(tx, &guest)?;
            let bearer = bearer.filter(|(record, _)| from_here || record.collection().id != SUPERUSERS_ID);
            let principal = bearer.map_or(Principal::Guest, |(record, _)| Principal::Record(record.into()));
            let cx = Cx { principal: &principal, credential: &Credential::Token, ..guest };
            records::find_file(tx, &cx, &collection, &id, &name)
        };
        self.0.store.read(find).await
    }

    /// The preview of a file that somebody may see, in a size that its field offers; as WebP, or in the format that
    /// follows from the file's.
    pub async fn preview(&self, found: &VisibleFile, size: &str, as_webp: bool) -> Outcome {
        if !is_offered(size, &found.options.thumbs) {
            return Outcome::Never;
        }
        self.0.previews.preview(&self.live().storage, &found.file, size, as_webp).await
    }

    /// A part of what is sent, or all of it; `None` if there is nothing.
    ///
    /// # Errors
    /// 503 if it can't be read.
    pub async fn content(&self, source: &ContentSource, range: Option<Range<u64>>) -> Result<Option<Content>> {
        match source {
            ContentSource::Stored(key) => self.live().storage.read(key, range).await,
            ContentSource::Archive(name) => self.live().shelf.content(name, range).await,
            ContentSource::File(path) => local_content(path.clone(), range).await,
        }
    }
}

/// Where the content of an answer comes from.
#[derive(Clone, Debug)]
pub enum ContentSource {
    /// What the storage has under this key.
    Stored(String),
    /// A file of the program's own.
    File(PathBuf),
    /// A backup in a bucket.
    Archive(String),
}
