//! The peaks of a sound file over HTTP, for drawing it.
//!
//! In:  a file of a matter, how many points there is room for.
//! Out: least and greatest level of each, and how long the sound is.
//!
//! Invariant: whoever waits for their turn longer than a rendering may take is asked to come again.
//!
//! Not here: decoding (`rendering`).

use std::{sync::Arc, time::Instant};

use axum::{Json, extract::State, http::StatusCode};
use quanlian_record::id::{FileId, MatterId};
use quanlian_store::{ObjectStore as _, Objects, files::File};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use utoipa::{IntoParams, ToSchema};

use super::{super::allowed, Asked, At, Caller, Problem, filing, find};
use crate::{
    permission::Action,
    platform::Platform,
    rendering::{MAX_RENDERING_TIME, Peaks, RenderError},
};

/// No longer file is drawn.
const MAX_BYTES: u64 = 1 << 30;
/// Points, unless fewer or more are asked for.
const POINTS: usize = 800;
const MAX_POINTS: usize = 4000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeaksQuery {
    /// At most so many points, up to 4000.
    points: Option<usize>,
}

/// The peaks of a sound file.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeaksView {
    duration_ms: u64,
    /// So many points there are.
    points: usize,
    /// Least and greatest level of each point, one after the other, −127 to 127.
    data: Vec<i8>,
}

/// The peaks of a sound file, for drawing it.
#[utoipa::path(
    operation_id = "files_peaks", get, path = "/api/v1/matters/{id}/files/{file}/peaks",
    params(("id" = String, Path), ("file" = String, Path), PeaksQuery),
    responses((status = 200, body = PeaksView), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422), (status = 503))
)]
pub(crate) async fn fetch(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, file)): At<(MatterId, FileId)>,
    Asked(asked): Asked<PeaksQuery>,
) -> Result<Json<PeaksView>, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_peaks").await?;
    let file = find(&platform, id, file).await?;
    let peaks = match platform.renderer().known(file.object) {
        Some(known) => known,
        None => made(&platform, &file).await?,
    };
    let pairs = peaks.at(asked.points.unwrap_or(POINTS).clamp(1, MAX_POINTS));
    Ok(Json(PeaksView {
        duration_ms: peaks.duration_ms,
        points: pairs.len(),
        data: pairs
            .into_iter()
            .flat_map(|(least, greatest)| [least, greatest])
            .collect(),
    }))
}

async fn made(platform: &Platform, file: &File) -> Result<Arc<Peaks>, Problem> {
    let renderer = platform.renderer();
    let refused = |code: &str, detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    let by = renderer.by.get().cloned().ok_or_else(|| {
        let detail = "this installation draws no files";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "rendering_not_there", detail)
    })?;
    if file.size_bytes > MAX_BYTES {
        return Err(refused(
            "rendering_too_large",
            "files of more than a gibibyte are not drawn",
        ));
    }
    let turn = tokio::time::timeout(MAX_RENDERING_TIME, Arc::clone(&renderer.turns).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        let detail = "others are drawn now; ask again";
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "rendering_busy", detail);
        return Err(busy.retry_after(5));
    };
    // Somebody may have asked for the same while this one waited.
    if let Some(known) = renderer.known(file.object) {
        return Ok(known);
    }
    let filing = filing(platform)?;
    let stored = match &filing.objects {
        Objects::Folder(folder) => folder.file(file.object).await?,
        _ => None,
    };
    let (path, is_copy) = match stored {
        Some(path) => (path, false),
        None => {
            let path = filing
                .uploads
                .join(format!("{}.drawn", FileId::fresh(platform.now())));
            let mut source = filing.objects.open(file.object).await?;
            let mut copy = tokio::fs::File::create_new(&path)
                .await
                .map_err(super::super::uploads::on_disk)?;
            let copied = tokio::io::copy(&mut source, &mut copy).await;
            let copied = match copied {
                Ok(_) => copy.flush().await,
                Err(error) => Err(error),
            };
            if let Err(error) = copied {
                let _ = tokio::fs::remove_file(&path).await;
                return Err(Problem::internal(error));
            }
            (path, true)
        }
    };
    let begun = Instant::now();
    let source = path.clone();
    // The turn goes with the work, also when whoever asked has gone.
    let done = tokio::task::spawn_blocking(move || {
        let made = by.peaks(&source, &|| begun.elapsed() < MAX_RENDERING_TIME);
        drop(turn);
        made
    })
    .await;
    if is_copy {
        let _ = tokio::fs::remove_file(&path).await;
    }
    let peaks = done.map_err(Problem::internal)?.map_err(|error| match error {
        RenderError::NotThat(_) => refused("rendering_no_sound", "the file holds no sound that can be read"),
        RenderError::TooLong => refused(
            "rendering_too_long",
            "the sound takes too long to be drawn; play it instead",
        ),
    })?;
    let peaks = Arc::new(peaks);
    renderer.know(file.object, &peaks);
    Ok(peaks)
}
