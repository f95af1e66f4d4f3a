//! Many links in one file: a table for programs, a page for people. Stands by itself: nothing is loaded from anywhere.

use super::escape;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::Presigned;
use crate::sanitize::visible;

/// Names of objects as a list below `prefix` shows them: without what all of them share.
pub fn names_below<'a>(prefix: &str, target: &'a Remote) -> &'a str {
    let folder = prefix.rfind('/').map_or(0, |slash| slash + 1);
    target.key.get(folder..).filter(|name| !name.is_empty()).unwrap_or(&target.key)
}

/// `name,url,expires`, quoted by the rules of RFC 4180. A name that a spreadsheet would take for a formula begins with
/// an apostrophe.
///
/// # Errors
/// None that a buffer in memory can have.
pub fn csv(rows: &[(String, Presigned)]) -> Result<String> {
    let failed = |error: csv::Error| Error::new(Kind::Internal, format!("cannot write CSV: {error}"));
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["name", "url", "expires"]).map_err(failed)?;
    for (name, link) in rows {
        let formula = name.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let name = if formula { format!("'{name}") } else { name.clone() };
        let expires = link.ends.map(|ends| ends.to_string()).unwrap_or_default();
        table.write_record([&name, &link.url, &expires]).map_err(failed)?;
    }
    let bytes = table
        .into_inner()
        .map_err(|error| Error::new(Kind::Internal, format!("cannot write CSV: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A small HTML index of the links.
pub fn index_page(title: &str, rows: &[(String, Presigned)]) -> String {
    let title = escape(&visible(title));
    let ends = rows.iter().filter_map(|(_, link)| link.ends).min();
    let until =
        ends.map(|ends| format!("<p>These links work until {}.</p>\n", ends.strftime("%Y-%m-%d %H:%M UTC")));
    let mut list = String::new();
    for (name, link) in rows {
        let (name, url) = (escape(&visible(name)), escape(&link.url));
        list.push_str(&format!("<li><a href=\"{url}\">{name}</a></li>\n"));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n{}<ol>\n{list}</ol>\n</html>\n",
        until.unwrap_or_default()
    )
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;\
                     margin:3rem auto;padding:0 1rem}li{overflow-wrap:anywhere;margin:.25rem 0}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::EndsBecause;

    fn rows() -> Vec<(String, Presigned)> {
        let link = Presigned {
            url: "https://h/a?x=1&y=2".into(),
            headers: Vec::new(),
            ends: Some(jiff::Timestamp::UNIX_EPOCH),
            because: EndsBecause::Asked,
            clock_ahead: jiff::SignedDuration::ZERO,
        };
        vec![("=cmd|' /C calc'!A0".into(), link.clone()), ("<script>\"x\"\u{1b}".into(), link)]
    }

    #[test]
    fn names_cannot_break_out_of_a_table_or_a_page() {
        let table = csv(&rows()).unwrap();
        assert!(table.contains("'=cmd|"), "{table}");
        let page = index_page("<b>", &rows());
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}') && page.contains("&lt;b&gt;"),
            "{page}"
        );
        assert!(page.contains("https://h/a?x=1&amp;y=2") && page.contains("1970-01-01 00:00 UTC"));
    }

    #[test]
    fn names_are_shown_without_their_common_folder() {
        let target = |key: &str| Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        assert_eq!(names_below("a/b", &target("a/bc/d")), "bc/d");
        assert_eq!(names_below("", &target("x")), "x");
        assert_eq!(names_below("a/", &target("a/")), "a/");
    }
}
