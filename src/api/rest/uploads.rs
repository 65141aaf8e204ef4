//! `/api/uploads`: files that arrive in several requests, by the tus protocol. A record takes them afterwards, by the
//! value `upload:<id>` of its field. OPTIONS is answered as everywhere, with what `web::tus` adds.

use rocket::response::status::NoContent;
use rocket::tokio::select;
use rocket::{Data, Route, State, delete, head, patch, post, routes};

use crate::app::{App, Caller, Receiving, UploadState};
use crate::base::{Error, Result};
use crate::web::body::{self, Pieces};
use crate::web::respond::no_content;
use crate::web::tus::{self, Tus};

/// How much of a body is read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![create, standing, append, end]
}

#[post("/api/uploads", data = "<data>")]
async fn create(app: &State<App>, caller: Caller, data: Data<'_>) -> Result<Tus> {
    let begun = async {
        tus::check_version(&caller.request)?;
        app.begin_upload(&caller, tus::new_upload(&caller.request)?).await
    };
    let state = match begun.await {
        Ok(state) => state,
        Err(error) => return refuse(data, error).await,
    };
    if !tus::has_part(&caller.request) {
        body::discard(data).await;
        return Ok(Tus::created(&state, false));
    }
    let received = match app.continue_upload(&caller, &state.id, 0).await {
        Ok(receiving) => receive(&caller, receiving, data).await,
        Err(error) => return refuse(data, error).await,
    };
    if received.is_err() {
        // Nobody will ever know its address. Should this fail, it goes when its time is up.
        let _ = app.end_upload(&caller, &state.id).await;
    }
    received.map(|state| Tus::created(&state, true))
}

#[head("/api/uploads/<id>")]
async fn standing(app: &State<App>, caller: Caller, id: &str) -> Result<Tus> {
    tus::check_version(&caller.request)?;
    app.find_upload(&caller, id).await.map(|state| Tus::standing(&state))
}

#[patch("/api/uploads/<id>", data = "<data>")]
async fn append(app: &State<App>, caller: Caller, id: &str, data: Data<'_>) -> Result<Tus> {
    let begun = async {
        tus::check_version(&caller.request)?;
        app.continue_upload(&caller, id, tus::offset_bytes(&caller.request)?).await
    };
    match begun.await {
        Ok(receiving) => receive(&caller, receiving, data).await.map(|state| Tus::received(&state)),
        Err(error) => refuse(data, error).await,
    }
}

#[delete("/api/uploads/<id>")]
async fn end(app: &State<App>, caller: Caller, id: &str) -> Result<NoContent> {
    no_content(match tus::check_version(&caller.request) {
        Ok(()) => app.end_upload(&caller, id).await,
        Err(error) => Err(error),
    })
}

/// Answers with an error, so that a client that is still sending sees it.
async fn refuse(data: Data<'_>, error: Error) -> Result<Tus> {
    body::discard(data).await;
    Err(error)
}

/// Takes in the part of a file. What has arrived is kept, however it ends.
async fn receive(caller: &Caller, mut receiving: Receiving, data: Data<'_>) -> Result<UploadState> {
    let mut pieces = Pieces::open(&caller.request, data, receiving.left_bytes()).await?;
    let mut stopped = std::pin::pin!(receiving.stopped());
    let mut piece = vec![0; PIECE_BYTES];
    let ended = loop {
        let read = select! {
            read = pieces.next(&mut piece) => read,
            error = &mut stopped => Err(error),
        };
        match read {
            Ok(0) => break Ok(()),
            Ok(count) => {
                if let Err(error) = receiving.write(&piece[..count]).await {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
    };
    let state = receiving.finish().await;
    match ended {
        Ok(()) => state,
        Err(error) => {
            pieces.discard().await;
            Err(error)
        }
    }
}
