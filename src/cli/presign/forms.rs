//! The forms that links are written in: one a line as they are made, or a document at the end.

use serde_json::json;

use super::super::output::{Out, note};
use super::Options;
use crate::error::Result;
use crate::links::{self, LinkRequest, kit};
use crate::location::Location;
use crate::qr;
use crate::s3::{Method, Presigned};
use crate::sanitize::display_safe;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Url,
    Curl,
    Wget,
    Markdown,
    Hyperlink,
    /// A page that sends a file.
    Sender,
    Json,
    /// Written when all are known.
    Csv,
    Html,
}

/// Writes links and collects what goes onto the clipboard.
pub(super) struct Forms {
    form: Form,
    qr: bool,
    out: Out,
    title: Option<String>,
    rows: Vec<(String, Presigned)>,
    copied: String,
}

impl Forms {
    pub(super) fn new(options: &Options) -> Self {
        let form = match () {
            () if options.curl => Form::Curl,
            () if options.wget => Form::Wget,
            () if options.markdown => Form::Markdown,
            () if options.hyperlink => Form::Hyperlink,
            () if options.json => Form::Json,
            () if options.csv => Form::Csv,
            () if options.html && options.method.method() == Method::Put => Form::Sender,
            () if options.html => Form::Html,
            () => Form::Url,
        };
        Self { form, qr: options.qr, out: Out::new(), title: None, rows: Vec::new(), copied: String::new() }
    }

    /// `below`: the prefix that the object was found under.
    pub(super) fn add(&mut self, request: &LinkRequest, link: &Presigned, below: Option<&str>) -> Result<()> {
        let target = &request.target;
        let line = match self.form {
            Form::Url | Form::Json => link.url.clone(),
            Form::Curl => links::curl(request.method, link),
            Form::Wget => links::wget(link),
            Form::Markdown => links::markdown(target, link),
            Form::Hyperlink => {
                let words = below
                    .map_or_else(|| links::last_segment(target), |prefix| links::names_below(prefix, target));
                links::hyperlink(words, &link.url)
            }
            Form::Sender => kit::upload_page(request, link),
            Form::Csv | Form::Html => {
                let name = below.map_or(target.key.as_str(), |prefix| links::names_below(prefix, target));
                self.title.get_or_insert_with(|| format!("{}/{}", target.bucket, below.unwrap_or_default()));
                self.rows.push((name.to_owned(), link.clone()));
                return Ok(());
            }
        };
        self.copied.push_str(&line);
        self.copied.push('\n');
        if self.form == Form::Json {
            self.out.json(&as_json(request, link))?;
        } else {
            self.out.line(&line)?;
        }
        if self.qr {
            self.draw_qr(&target.to_string(), link)?;
        }
        Ok(())
    }

    /// In the terminal, or why not.
    fn draw_qr(&mut self, name: &str, link: &Presigned) -> Result<()> {
        if self.out.is_ascii() {
            note(&format!("{}: no QR code: the locale of this terminal is not UTF-8", display_safe(name)));
            return Ok(());
        }
        let room = crossterm::terminal::size().map_or((80, 24), |(width, height)| (width, height));
        match qr::fitting(&link.url, room.0, u16::MAX) {
            Ok(lines) => lines.iter().try_for_each(|line| self.out.line(line)),
            Err(why) => {
                note(&format!("{}: no QR code: {why}", display_safe(name)));
                Ok(())
            }
        }
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }

    /// Writes what waits for the end; returns what the clipboard gets.
    pub(super) fn finish(mut self) -> Result<String> {
        let document = match self.form {
            Form::Csv => links::csv(&self.rows)?,
            Form::Html => links::index_page(&self.title.unwrap_or_default(), &self.rows),
            _ => String::new(),
        };
        self.out.text(&document)?;
        self.out.flush()?;
        self.copied.push_str(&document);
        Ok(self.copied)
    }
}

fn as_json(request: &LinkRequest, link: &Presigned) -> serde_json::Value {
    // What every client sends by itself is not for the holder to add.
    let headers: serde_json::Map<String, serde_json::Value> = link
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    json!({
        "url": link.url,
        "method": request.method.name(),
        "headers": headers,
        "expires": link.ends.map(|ends| ends.to_string()),
        "location": Location::Remote(request.target.clone()).exact(),
    })
}
