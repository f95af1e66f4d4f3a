//! Kits as files for the sender: JSON for programs, a POSIX shell script, a web page. Each stands by itself.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json as object;
use sha2::{Digest as _, Sha256};

use super::super::{LinkRequest, escape, last_segment, quote, to_send};
use super::Kit;
use crate::config::paths::new_private_file;
use crate::error::Result;
use crate::s3::Presigned;
use crate::sanitize::visible;

/// For programs: `size part_size expires parts`, each part with `number length url`.
pub fn json(kit: &Kit, urls: &[String]) -> String {
    let parts: Vec<_> = (1..)
        .zip(urls)
        .map(|(number, url)| object!({ "number": number, "length": kit.length(number), "method": "PUT", "url": url }))
        .collect();
    let kit = object!({
        "id": kit.id,
        "size": kit.size,
        "part_size": kit.part_size,
        "expires": kit.until.to_string(),
        "parts": parts,
    });
    format!("{kit:#}\n")
}

fn name(kit: &Kit) -> String {
    visible(&kit.target.name()).into_owned()
}

fn end(kit: &Kit) -> String {
    kit.until.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// For a shell: needs curl, dd, wc and grep; goes on where it was stopped.
pub fn script(kit: &Kit, urls: &[String]) -> String {
    let head = include_str!("sender.sh")
        .replace("@NAME@", &quote(&name(kit)))
        .replace("@ID@", &kit.id)
        .replace("@SIZE@", &kit.size.to_string())
        .replace("@MIB@", &(kit.part_size >> 20).to_string())
        .replace("@COUNT@", &kit.parts().to_string())
        .replace("@UNTIL@", &quote(&end(kit)))
        .replace("@EPOCH@", &kit.until.as_second().to_string());
    head.replace("@URLS@", &urls.join("\n"))
}

/// Writes the three forms into `folder`, for their owner alone and over nothing that is there; where they are. All or none.
///
/// # Errors
/// `Kind::Exists`; the file system's.
pub fn write(folder: &Path, kit: &Kit, urls: &[String]) -> Result<Vec<PathBuf>> {
    // A hostile key must not choose where the files go.
    let name = kit.target.name();
    let name: String =
        name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).take(100).collect();
    let name = if name.is_empty() || name.starts_with('.') { format!("kit{name}") } else { name };
    let mut made = Vec::new();
    for (ending, text) in [("sh", script(kit, urls)), ("html", html(kit, urls)), ("json", json(kit, urls))] {
        let path = folder.join(format!("{name}.kit.{ending}"));
        if let Err(error) = new_private_file(&path, &text, "choose another folder") {
            for path in made {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        made.push(path);
    }
    Ok(made)
}

/// For a browser; its page may only talk to the provider.
pub fn html(kit: &Kit, urls: &[String]) -> String {
    let data = object!({
        "id": kit.id, "size": kit.size, "part": kit.part_size, "until": kit.until.as_millisecond(), "urls": urls,
    });
    let exact = exact(kit.size);
    page(
        &name(kit),
        &format!("{exact} This works until {}.", end(kit)),
        urls.first().map(String::as_str),
        &data,
    )
}

/// A page that sends one file by one presigned PUT.
pub fn upload_page(request: &LinkRequest, link: &Presigned) -> String {
    let headers: Vec<_> = to_send(link).collect();
    let data = object!({
        "id": STANDARD.encode(&Sha256::digest(link.url.as_bytes())[..6]),
        "size": request.content_length,
        "part": request.content_length,
        "until": link.ends.map_or(i64::MAX, Timestamp::as_millisecond),
        "urls": [&link.url],
        "headers": headers,
    });
    let until = link.ends.map(|ends| format!("This works until {}.", ends.strftime("%Y-%m-%d %H:%M UTC")));
    let words =
        [request.content_length.map(exact), until].into_iter().flatten().collect::<Vec<_>>().join(" ");
    page(&visible(last_segment(&request.target)), &words, Some(&link.url), &data)
}

fn exact(size: u64) -> String {
    format!("It must have exactly {size} bytes ({}).", humansize::format_size(size, humansize::BINARY))
}

fn page(name: &str, words: &str, url: Option<&str>, data: &serde_json::Value) -> String {
    let origin = url.and_then(|url| url.parse::<http::Uri>().ok()).map(|uri| {
        let scheme = uri.scheme_str().unwrap_or("https");
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        format!("{scheme}://{host}")
    });
    let script = include_str!("sender.js");
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    // A data block, which nothing executes; `<` cannot end it.
    let data = data.to_string().replace('<', "\\u003c");
    include_str!("sender.html")
        .replace("@ORIGIN@", &escape(&origin.unwrap_or_default()))
        .replace("@HASH@", &hash)
        .replace("@NAME@", &escape(name))
        .replace("@WORDS@", &escape(words))
        .replace("@DATA@", &data)
        .replace("@SCRIPT@", script)
}
