//! One round of a watch: every source is looked at, and every new file compared.
//!
//! In:  the sources as the person named them.
//! Out: lines in the book, files in their folder; what could not be had, as a line each.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context;
use quanlian_capture::Url;
use quanlian_record::time::Timestamp;
use quanlian_watch::{
    archive,
    book::{BookError, Event, Line, Seen},
    feed, fetch, folder,
    item::{self, Item, normal_address},
    list,
};
use tempfile::NamedTempFile;

use super::{Added, Watch};
use crate::{
    command::matching::why_failed,
    fault::{Blame, Fault},
    files::{self, Found, read_limited},
    output::{reason, warn_about},
};

/// Ends of addresses that become ends of file names; others get none, because the matcher looks at content.
const ENDINGS: [&str; 24] = [
    "mp3", "m4a", "aac", "ogg", "opus", "flac", "wav", "mp4", "m4v", "mkv", "webm", "mov", "ts", "jpg",
    "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "avif", "txt", "srt",
];

/// A file that is in the book.
struct Present {
    key: String,
    source: String,
    path: PathBuf,
    sha256: String,
}

/// What one round does, and what it has come to so far.
struct Round {
    added: Added,
    /// Files to be compared.
    waiting: Vec<Present>,
    new_copies: Vec<Found>,
}

impl Watch<'_> {
    /// Looks at every source and compares what is new; the files in which a copy is confirmed for the first time.
    pub(super) fn round(&mut self) -> Result<(Added, Vec<Found>), Fault> {
        let mut round = Round {
            added: Added::default(),
            waiting: Vec::new(),
            new_copies: Vec::new(),
        };
        let arguments = self.arguments;
        for folder in &arguments.folder {
            self.output
                .say("watch.source", &[("source", folder.display().to_string())]);
            self.folder(folder, &mut round)?;
        }
        for feed in &arguments.feed {
            self.output.say("watch.source", &[("source", feed.clone())]);
            self.feed(feed, &mut round)?;
        }
        for list in &arguments.list {
            self.output
                .say("watch.source", &[("source", list.display().to_string())]);
            self.list(list, &mut round)?;
        }
        for archive in &arguments.archive {
            self.output
                .say("watch.source", &[("source", archive.display().to_string())]);
            self.archive(archive, &mut round)?;
        }
        self.compare(&mut round)?;
        Ok((round.added, round.new_copies))
    }

    fn write(&mut self, lines: Vec<Line>, round: &mut Round) -> Result<(), Fault> {
        let written = self.book.write(lines).map_err(|error| match error {
            BookError::Full => Fault::BadInput(error.into()),
            _ => Fault::System(error.into()),
        })?;
        round.added.looks += written.looks;
        Ok(())
    }

    /// A line on stderr and in the book.
    fn failed(
        &mut self,
        key: &str,
        source: &str,
        what: &str,
        (code, message): (&str, String),
        round: &mut Round,
    ) -> Result<(), Fault> {
        round.added.failed += 1;
        warn_about(self.output, what, &reason(&self.output.messages, code, &message));
        let event = Event::Failed {
            what: what.to_owned(),
            code: code.to_owned(),
            message,
        };
        self.write(vec![line(key, source, event)], round)
    }

    fn folder(&mut self, folder: &Path, round: &mut Round) -> Result<(), Fault> {
        let source = folder.display().to_string();
        let content = match folder::look(folder, Timestamp::now()) {
            Ok(content) => content,
            // A drive that is not mounted now may be there in the next round.
            Err(error) => {
                return self.failed(
                    &source,
                    &source,
                    &source,
                    ("unreadable", error.to_string()),
                    round,
                );
            }
        };
        for (file, code, why) in content.problems {
            round.added.failed += 1;
            warn_about(self.output, &file, &reason(&self.output.messages, &code, &why));
        }
        for (_, said, read_at) in content.without_file {
            let (item, look) = item::of_statement(&said, read_at);
            if let Some(key) = item.key(None) {
                let lines = [Event::Item { item }, Event::Look { look }];
                self.write(lines.map(|event| line(&key, &source, event)).into(), round)?;
            }
        }
        for pair in content.pairs {
            if self.is_stopped() {
                return Ok(());
            }
            let mut item = Item::default();
            let mut events = Vec::new();
            for (said, read_at) in &pair.said {
                let (says, look) = item::of_statement(said, *read_at);
                item.complete(&says);
                events.push(Event::Look { look });
            }
            let path = pair.path.display().to_string();
            let Some(key) = item.key(Some(&path)) else {
                continue;
            };
            let known = self
                .book
                .unchanged(&path, pair.size_bytes, pair.modified)
                .map(str::to_owned);
            let sha256 = match known {
                Some(sha256) => sha256,
                None => match files::sha256(&pair.path) {
                    Ok(sha256) => {
                        round.added.new_files += 1;
                        sha256
                    }
                    Err(error) => {
                        self.failed(&key, &source, &path, ("unreadable", error.to_string()), round)?;
                        continue;
                    }
                },
            };
            events.push(Event::File {
                file: Seen {
                    path,
                    address: None,
                    size_bytes: pair.size_bytes,
                    modified: pair.modified,
                    sha256: sha256.clone(),
                    captured_at: None,
                },
            });
            events.insert(0, Event::Item { item });
            self.write(
                events
                    .into_iter()
                    .map(|event| line(&key, &source, event))
                    .collect(),
                round,
            )?;
            round.waiting.push(Present {
                key,
                source: source.clone(),
                path: pair.path,
                sha256,
            });
        }
        Ok(())
    }

    fn feed(&mut self, feed: &str, round: &mut Round) -> Result<(), Fault> {
        let address = Url::parse(feed)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let read = match &address {
            Some(url) => self
                .fetcher
                .document(url, feed::MAX_FEED_BYTES)
                .map_err(|error| (error.code().to_owned(), with_cause(&error))),
            None => match read_limited(Path::new(feed), feed::MAX_FEED_BYTES) {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(("unreadable".to_owned(), "there is no such file".to_owned())),
                Err(error) => Err(("unreadable".to_owned(), format!("{error:#}"))),
            },
        };
        let entries = read.and_then(|bytes| {
            feed::read(&bytes, address.as_ref().map(Url::as_str), Timestamp::now())
                .map_err(|error| (error.code().to_owned(), error.to_string()))
        });
        let entries = match entries {
            Ok(entries) => entries,
            Err((code, why)) => return self.failed(feed, feed, feed, (&code, why), round),
        };
        for entry in entries {
            let Some(key) = entry.item.key(None) else { continue };
            let mut events = vec![Event::Item { item: entry.item }];
            events.extend(entry.look.map(|look| Event::Look { look }));
            self.write(
                events.into_iter().map(|event| line(&key, feed, event)).collect(),
                round,
            )?;
            for url in entry.media {
                if self.is_stopped() {
                    return Ok(());
                }
                self.fetch(&key, feed, &url, round)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, path: &Path, round: &mut Round) -> Result<(), Fault> {
        let source = path.display().to_string();
        let bytes = match read_limited(path, list::MAX_LIST_BYTES) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => {
                return self.failed(
                    &source,
                    &source,
                    &source,
                    ("unreadable", format!("{error:#}")),
                    round,
                );
            }
        };
        let list = list::read(&bytes);
        for (number, why) in list.problems {
            round.added.failed += 1;
            let place = format!("{source}:{number}");
            warn_about(
                self.output,
                &place,
                &reason(&self.output.messages, "fetch_address", &why),
            );
        }
        for url in list.addresses {
            if self.is_stopped() {
                return Ok(());
            }
            let item = Item {
                platform: url.host_str().map(str::to_owned),
                media_url: Some(url.to_string()),
                ..Item::default()
            };
            let Some(key) = item.key(None) else { continue };
            self.write(vec![line(&key, &source, Event::Item { item })], round)?;
            self.fetch(&key, &source, &url, round)?;
        }
        Ok(())
    }

    /// Fetches a file of a publication unless it is there.
    fn fetch(&mut self, key: &str, source: &str, url: &Url, round: &mut Round) -> Result<(), Fault> {
        let address = normal_address(url.as_str());
        let known = self.book.records().get(key).and_then(|record| {
            let mut files = record.files.values();
            files
                .find(|file| file.address.as_deref() == Some(&address))
                .cloned()
        });
        if let Some(known) = known {
            round.waiting.push(Present {
                key: key.to_owned(),
                source: source.to_owned(),
                path: PathBuf::from(known.path),
                sha256: known.sha256,
            });
            return Ok(());
        }
        self.output.say("watch.fetch", &[("address", &address)]);
        let fetched = match self.fetcher.file(url, &self.files) {
            Ok(fetched) => fetched,
            Err(error @ fetch::FetchError::Write(_)) => return Err(Fault::System(error.into())),
            Err(error) => {
                return self.failed(key, source, &address, (error.code(), with_cause(&error)), round);
            }
        };
        let kind = fetched.content_type.as_deref().unwrap_or_default();
        if kind.starts_with("text/html") || kind.starts_with("application/xhtml") {
            let why = "the address is a page and no media file; fix it with `quanlian capture`".to_owned();
            return self.failed(key, source, &address, ("fetch_page", why), round);
        }
        self.keep(key, source, fetched.file, &fetched.sha256, (address, None), round)
    }

    /// Gives a file its place and puts it into the book.
    fn keep(
        &mut self,
        key: &str,
        source: &str,
        file: NamedTempFile,
        sha256: &str,
        (address, captured_at): (String, Option<Timestamp>),
        round: &mut Round,
    ) -> Result<(), Fault> {
        let path = self.files.join(name_of(sha256, &address));
        let failed = || format!("cannot write {}", path.display());
        file.persist(&path).with_context(failed).system()?;
        File::open(&self.files)
            .and_then(|folder| folder.sync_all())
            .with_context(failed)
            .system()?;
        let found = path.metadata().with_context(failed).system()?;
        let modified = folder::written_at(&found).with_context(failed).system()?;
        round.added.new_files += 1;
        let event = Event::File {
            file: Seen {
                path: path.display().to_string(),
                address: Some(address),
                size_bytes: found.len(),
                modified,
                sha256: sha256.to_owned(),
                captured_at,
            },
        };
        self.write(vec![line(key, source, event)], round)?;
        round.waiting.push(Present {
            key: key.to_owned(),
            source: source.to_owned(),
            path,
            sha256: sha256.to_owned(),
        });
        Ok(())
    }

    fn archive(&mut self, path: &Path, round: &mut Round) -> Result<(), Fault> {
        let source = path.display().to_string();
        let key = format!("archive:{source}");
        let looked = path.metadata();
        let looked = looked.and_then(|found| Ok((found.len(), folder::written_at(&found)?)));
        let (size_bytes, modified) = match looked {
            Ok(state) => state,
            Err(error) => {
                return self.failed(&key, &source, &source, ("unreadable", error.to_string()), round);
            }
        };
        if self.book.unchanged(&source, size_bytes, modified).is_some() {
            self.wait_again(&source, round);
            return Ok(());
        }
        let read = files::sha256(path).and_then(|sha256| {
            archive::read(path, &self.files, self.archive_limits).map(|content| (sha256, content))
        });
        let (sha256, content) = match read {
            Ok(read) => read,
            Err(error) => {
                return self.failed(&key, &source, &source, ("unreadable", error.to_string()), round);
            }
        };
        for (address, code, why) in content.left_out {
            self.failed(&key, &source, &address, (code, why), round)?;
        }
        for taken in content.taken {
            let item = Item {
                platform: Url::parse(&taken.address)
                    .ok()
                    .and_then(|url| url.host_str().map(str::to_owned)),
                media_url: Some(taken.address.clone()),
                ..Item::default()
            };
            let Some(of) = item.key(None) else { continue };
            self.write(vec![line(&of, &source, Event::Item { item })], round)?;
            let place = (normal_address(&taken.address), taken.captured_at);
            self.keep(&of, &source, taken.file, &taken.sha256, place, round)?;
        }
        // Last, so that an archive that was cut off in the middle is read again.
        let file = Seen {
            path: source.clone(),
            address: None,
            size_bytes,
            modified,
            sha256,
            captured_at: None,
        };
        self.write(vec![line(&key, &source, Event::File { file })], round)
    }

    /// The files of a source that is as it was: an index with new works is a reason to compare them again.
    fn wait_again(&self, source: &str, round: &mut Round) {
        for (key, record) in self.book.records() {
            for file in record.files.values().filter(|file| file.address.is_some()) {
                if record
                    .matches
                    .get(&file.sha256)
                    .is_none_or(|compared| compared.index != self.index)
                {
                    round.waiting.push(Present {
                        key: key.clone(),
                        source: source.to_owned(),
                        path: PathBuf::from(&file.path),
                        sha256: file.sha256.clone(),
                    });
                }
            }
        }
    }

    /// Compares every waiting file that was not compared with this index yet.
    fn compare(&mut self, round: &mut Round) -> Result<(), Fault> {
        let mut waiting = std::mem::take(&mut round.waiting);
        waiting.retain(|file| {
            let record = self.book.records().get(&file.key);
            let compared = record.and_then(|record| record.matches.get(&file.sha256));
            compared.is_none_or(|compared| compared.index != self.index)
                // What could not be read will not be read better; a changed file has another digest.
                && record.is_none_or(|record| !record.failed.contains_key(&file.sha256))
        });
        if waiting.is_empty() {
            return Ok(());
        }
        let bar = self.output.progress("progress.match", waiting.len() as u64);
        for file in waiting {
            if self.is_stopped() {
                break;
            }
            round.added.compared += 1;
            let path = file.path.display().to_string();
            match self
                .collection
                .match_file(&file.path, &quanlian_match::collection::MatchOptions::default())
            {
                Ok(report) => {
                    let is_new = self
                        .book
                        .records()
                        .get(&file.key)
                        .is_none_or(|record| record.all_matches().next().is_none());
                    if is_new && !report.matches.is_empty() {
                        round.added.new_copies += 1;
                        round.new_copies.push(Found {
                            name: path.clone(),
                            path: file.path.clone(),
                        });
                    }
                    for found in &report.matches {
                        self.output
                            .line(&super::Confirmed {
                                item: &file.key,
                                found,
                            })
                            .system()?;
                    }
                    let event = Event::Matched {
                        sha256: file.sha256,
                        index: self.index.clone(),
                        matches: report.matches,
                    };
                    self.write(vec![line(&file.key, &file.source, event)], round)?;
                }
                Err(error) if error.is_about_the_index() => return Err(Fault::System(error.into())),
                Err(error) => {
                    round.added.failed += 1;
                    bar.suspend(|| warn_about(self.output, &path, &why_failed(self.output, &error)));
                    let event = Event::Failed {
                        what: file.sha256,
                        code: error.code().to_owned(),
                        message: format!("{path}: {error}"),
                    };
                    self.write(vec![line(&file.key, &file.source, event)], round)?;
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

fn line(key: &str, source: &str, event: Event) -> Line {
    Line {
        at: Timestamp::now(),
        key: key.to_owned(),
        source: source.to_owned(),
        event,
    }
}

/// The digest as the name, with the ending of the address where it is a usual one.
fn name_of(sha256: &str, address: &str) -> String {
    let path = Url::parse(address)
        .map(|url| url.path().to_owned())
        .unwrap_or_default();
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.filter(|ending| ENDINGS.contains(&ending.as_str())) {
        Some(ending) => format!("{sha256}.{ending}"),
        None => sha256.to_owned(),
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
