//! Exports: everything into a folder, or the records of one collection into a file, while the server runs or not.
//!
//! Both are made from a copy of the database that shows one moment, beside the place where they go, and get their name
//! when they are complete.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::App;
use super::backup_work::blocking;
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, ids, private};
use crate::collections::{self, load_schema};
use crate::export::{self, FilesCopied, Format, unwritten};
use crate::store::{Database, DatabaseCopy};

/// What is to be exported, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// The folder or file; neither may be there yet, but an empty folder may. `-` is standard output, for one
    /// collection.
    pub to: PathBuf,
    /// The whole database as SQL.
    pub sql: bool,
    /// Records in these forms.
    pub formats: Vec<Format>,
    /// The records of this collection only, in the first of the forms.
    pub collection: Option<String>,
    /// The files of records.
    pub files: bool,
    /// Password hashes and token keys, too.
    pub with_secrets: bool,
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many records of each collection.
    pub records: Vec<(String, u64)>,
    /// The files.
    pub files: FilesCopied,
}

impl App {
    /// Exports; what goes to standard output goes to `standard_output`.
    ///
    /// # Errors
    /// 400 if there is something in the place where it is to go, or no such collection; 503 if it can't be made. Then
    /// nothing is there that wasn't.
    pub async fn export(
        &self,
        request: Export,
        mut standard_output: Box<dyn Write + Send>,
        progress: Arc<dyn Progress>,
    ) -> Result<Exported> {
        let (app, runtime) = (self.clone(), tokio::runtime::Handle::current());
        blocking(move || match &request.collection {
            Some(name) => app.export_collection(&request, name, &mut *standard_output, &*progress),
            None => app.export_all(&request, &runtime, &*progress),
        })
        .await
    }

    fn export_all(
        &self,
        request: &Export,
        runtime: &tokio::runtime::Handle,
        progress: &dyn Progress,
    ) -> Result<Exported> {
        check_free(&request.to)?;
        let part = Part::begin(&request.to)?;
        // Before the copy: from then on, the files that it names must stay.
        let shelf = self.live().shelf.clone();
        let _kept =
            if request.files && self.live().storage.is_local() { Some(shelf.folder().keep_files()?) } else { None };
        let copy = self.copy(&part.work, progress)?;
        let mut exported = Exported::default();
        let out = |name: &str| create(&part.folder.join(name));
        if request.sql {
            progress.begin("SQL", Unit::Items, 0);
            let mut file = out("data.sql")?;
            copy.dump(&mut file, &mut |rows| progress.reached(rows))?;
            file.flush().map_err(unwritten)?;
        }
        let schema = copy.schema(load_schema)?;
        if !request.formats.is_empty() {
            let mut file = out("collections.json")?;
            file.write_all(collections::export(&schema).as_bytes()).map_err(unwritten)?;
            file.flush().map_err(unwritten)?;
            fs::create_dir(part.folder.join("records")).map_err(unwritten)?;
        }
        for collection in schema.collections().iter().filter(|collection| !collection.is_view()) {
            for (at, format) in request.formats.iter().enumerate() {
                let mut file = out(&format!("records/{}.{}", collection.name, format.suffix()))?;
                let count = export::records(&copy, collection, *format, request.with_secrets, &mut file, progress)?;
                file.flush().map_err(unwritten)?;
                if at == 0 {
                    exported.records.push((collection.name.clone(), count));
                }
            }
        }
        if request.files {
            exported.files = export::files(&copy, &self.live().storage, &part.folder.join("files"), runtime, progress)?;
        }
        drop(copy);
        part.finish(&request.to)?;
        Ok(exported)
    }

    fn export_collection(
        &self,
        request: &Export,
        name: &str,
        standard_output: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<Exported> {
        let format = *request.formats.first().ok_or_else(|| {
            Error::invalid("One collection is exported as JSON or CSV; SQL is always the whole database.")
        })?;
        let schema = self.0.store.schema();
        let missing = || Error::invalid(format!("There is no collection called {name}."));
        let id = schema.find(name).ok_or_else(missing)?.id.clone();
        let to_standard_output = request.to.as_os_str() == "-";
        let place = if to_standard_output { std::env::temp_dir().join("holdall-export") } else { request.to.clone() };
        if !to_standard_output && fs::symlink_metadata(&place).is_ok() {
            return Err(Error::invalid(format!("{} is there already.", place.display())));
        }
        let part = Part::begin(&place)?;
        let copy = self.copy(&part.work, progress)?;
        let schema = copy.schema(load_schema)?;
        let collection = schema.by_id(&id).ok_or_else(missing)?;
        let count = if to_standard_output {
            export::records(&copy, collection, format, request.with_secrets, standard_output, progress)?
        } else {
            let path = part.folder.join("records");
            let mut file = create(&path)?;
            let count = export::records(&copy, collection, format, request.with_secrets, &mut file, progress)?;
            file.flush().map_err(unwritten)?;
            fs::rename(&path, &request.to).map_err(unwritten)?;
            count
        };
        Ok(Exported { records: vec![(collection.name.clone(), count)], ..Exported::default() })
    }

    /// The database as it is at this moment.
    fn copy(&self, work: &Path, progress: &dyn Progress) -> Result<DatabaseCopy> {
        let file = work.join(Database::Data.file_name());
        progress.begin("Copying", Unit::Bytes, 0);
        self.0.store.copy_to(&file, &mut |done, _| progress.reached(done))?;
        DatabaseCopy::open(&file)
    }
}

fn check_free(folder: &Path) -> Result<()> {
    if folder.as_os_str() == "-" {
        return Err(Error::invalid("Only one collection can go to standard output: --collection NAME."));
    }
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    match is_free {
        true => Ok(()),
        false => Err(Error::invalid(format!("{} isn't an empty folder; name another one.", folder.display()))),
    }
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    private::create_file(path).map(|file| BufWriter::with_capacity(256 << 10, file)).map_err(unwritten)
}

/// What isn't complete yet, in a folder beside the place where it goes. Dropped before, nothing of it stays.
struct Part {
    /// What is to get its name.
    folder: PathBuf,
    /// What nobody needs afterwards.
    work: PathBuf,
    root: PathBuf,
}

impl Part {
    fn begin(place: &Path) -> Result<Part> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".part-{}", ids::record_id()));
        let root = place.with_file_name(name);
        let part = Part { folder: root.join("out"), work: root.join("work"), root };
        for folder in [&part.folder, &part.work] {
            private::make_folder(folder).map_err(|error| {
                Error::unavailable(format!("The folder {} can't be made.", folder.display())).caused_by(error)
            })?;
        }
        Ok(part)
    }

    fn finish(&self, place: &Path) -> Result<()> {
        // An empty folder makes room; everything else was refused at the beginning.
        match fs::remove_dir(place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritten(error)),
            _ => {}
        }
        fs::rename(&self.folder, place).map_err(unwritten)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.root) {
            tracing::warn!(%error, "what is left of an export couldn't be removed: {}", self.root.display());
        }
    }
}
