//! A page of keys as an answer has it: `ListBucketResult`, the form of both versions of the operation.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::encode::decoded;

/// A page of keys; its text is lent by the answer where that can be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub(super) objects: Vec<Object<'a>>,
    /// The common prefixes of a level.
    pub(super) prefixes: Vec<Cow<'a, str>>,
    /// Whether there is more behind it.
    pub(super) truncated: bool,
    /// How version 2 goes on.
    pub(super) token: Option<Cow<'a, str>>,
    /// How version 1 goes on: named only where there is a delimiter.
    pub(super) marker: Option<Cow<'a, str>>,
    /// Whether decoding has changed any of the keys.
    pub(super) is_decoded: bool,
}

/// One key of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Object<'a> {
    pub(super) key: Cow<'a, str>,
    /// Bytes.
    pub(super) size: Option<u64>,
    /// As RFC 3339 has it.
    pub(super) modified: Option<Cow<'a, str>>,
    /// With its quotes.
    pub(super) etag: Option<Cow<'a, str>>,
    pub(super) class: Option<Cow<'a, str>>,
}

/// Keys of a page at most; servers send a thousand.
const MOST: usize = 100_000;

type Source<'a> = Reader<&'a [u8]>;

impl<'a> Answer<'a> {
    /// Reads an answer to its end; `None` if it is no page of keys, or not a whole one. Keys come decoded, where the
    /// answer says that they are encoded. A control character that XML forbids is taken as it is.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut source = Reader::from_str(std::str::from_utf8(body).ok()?);
        source.config_mut().expand_empty_elements = true;
        loop {
            match source.read_event().ok()? {
                Event::Start(root) if root.local_name().as_ref() == b"ListBucketResult" => break,
                Event::Start(_) | Event::Eof => return None,
                _ => {}
            }
        }
        let (mut answer, mut encoded, mut truncated) = (Self::default(), false, None);
        elements(&mut source, |source, name| {
            match name {
                b"Contents" if answer.objects.len() < MOST => answer.objects.push(Object::read(source)?),
                b"Contents" => return None,
                b"CommonPrefixes" => elements(source, |source, name| {
                    match name {
                        b"Prefix" => answer.prefixes.push(text(source)?),
                        _ => skip(source)?,
                    }
                    Some(())
                })?,
                b"EncodingType" => encoded = text(source)? == "url",
                b"IsTruncated" => match text(source)?.trim() {
                    more if more.eq_ignore_ascii_case("true") => truncated = Some(true),
                    over if over.eq_ignore_ascii_case("false") => truncated = Some(false),
                    // What is taken for the end without being it would be missed by nobody.
                    _ => return None,
                },
                b"NextContinuationToken" => answer.token = Some(text(source)?),
                b"NextMarker" => answer.marker = Some(text(source)?),
                _ => skip(source)?,
            }
            Some(())
        })?;
        let goes_on = |next: &Option<Cow<'_, str>>| next.as_ref().is_some_and(|next| !next.is_empty());
        answer.truncated = truncated.unwrap_or(goes_on(&answer.token) || goes_on(&answer.marker));
        if encoded {
            let keys = answer.objects.iter_mut().map(|object| &mut object.key);
            for name in keys.chain(&mut answer.prefixes).chain(&mut answer.marker) {
                if let Cow::Owned(plain) = decoded(name, true) {
                    answer.is_decoded |= plain != **name;
                    *name = Cow::Owned(plain);
                }
            }
        }
        Some(answer)
    }

    /// Whether `plain`, the same page without encoding, shows that these keys were not encoded: some servers only say so.
    pub(super) fn is_decoded_of(&self, plain: &Self) -> bool {
        let decoded = plain.names().map(|name| decoded(name, true));
        plain.names().ne(self.names()) && decoded.eq(self.names())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().map(|object| &*object.key).chain(self.prefixes.iter().map(|prefix| &**prefix))
    }
}

impl<'a> Object<'a> {
    fn read(source: &mut Source<'a>) -> Option<Self> {
        let (mut object, mut key) = (Self::default(), None);
        elements(source, |source, name| {
            match name {
                b"Key" => key = Some(text(source)?),
                b"Size" => object.size = text(source)?.trim().parse().ok(),
                b"LastModified" => object.modified = Some(text(source)?),
                b"ETag" => object.etag = Some(text(source)?),
                b"StorageClass" => object.class = Some(text(source)?).filter(|class| !class.is_empty()),
                _ => skip(source)?,
            }
            Some(())
        })?;
        object.key = key?;
        Some(object)
    }
}

/// Reads the elements of the one that has begun, and its end. `read` is given the name of each, and reads it to its end.
fn elements<'a>(
    source: &mut Source<'a>,
    mut read: impl FnMut(&mut Source<'a>, &[u8]) -> Option<()>,
) -> Option<()> {
    loop {
        match source.read_event().ok()? {
            Event::Start(start) => read(source, start.local_name().as_ref())?,
            Event::End(_) => return Some(()),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Reads over the element that has begun.
fn skip(source: &mut Source<'_>) -> Option<()> {
    let mut open = 1_usize;
    while open > 0 {
        match source.read_event().ok()? {
            Event::Start(_) => open += 1,
            Event::End(_) => open -= 1,
            Event::Eof => return None,
            _ => {}
        }
    }
    Some(())
}

/// The text of the element that has begun.
fn text<'a>(source: &mut Source<'a>) -> Option<Cow<'a, str>> {
    let mut text = Cow::Borrowed("");
    loop {
        text += match source.read_event().ok()? {
            Event::Text(more) => more.decode().ok()?,
            Event::CData(more) => more.decode().ok()?,
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(character) => Cow::Owned(character.to_string()),
                None => Cow::Borrowed(resolve_predefined_entity(&reference.decode().ok()?)?),
            },
            Event::End(_) => return Some(text),
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(inside: &str) -> String {
        format!(r#"<?xml version="1.0"?><ListBucketResult xmlns="urn:s3">{inside}</ListBucketResult>"#)
    }

    #[test]
    fn a_page_is_read_with_all_it_says() {
        let body = page(
            "\n <Name>b</Name><Prefix>p/</Prefix><Contents><Key>p/a &amp;&#x1;\u{2}&#10;+%2B</Key>\
             <LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size> 7 </Size>\
             <Owner><ID>x</ID><Key>not this</Key></Owner><StorageClass>GLACIER</StorageClass></Contents>\
             <Contents><Key><![CDATA[<&>]]></Key><Size/><StorageClass/></Contents><Contents><Key/></Contents>\
             <CommonPrefixes><Prefix>p/é/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>p/z/</Prefix></CommonPrefixes>\
             <IsTruncated>true</IsTruncated><NextContinuationToken>a%2B=</NextContinuationToken>",
        );
        let first = Object {
            key: "p/a &\u{1}\u{2}\n+%2B".into(),
            size: Some(7),
            modified: Some("2026-01-02T03:04:05.000Z".into()),
            etag: Some("\"e\"".into()),
            class: Some("GLACIER".into()),
        };
        let expected = Answer {
            objects: vec![first, Object { key: "<&>".into(), ..Object::default() }, Object::default()],
            prefixes: vec!["p/é/".into(), "p/z/".into()],
            truncated: true,
            token: Some("a%2B=".into()),
            ..Answer::default()
        };
        assert_eq!(Answer::read(body.as_bytes()), Some(expected));
    }

    #[test]
    fn what_is_encoded_is_decoded_wherever_that_is_said() {
        let body = page(
            "<Contents><Key>a+%2B%0A%C3%A9</Key></Contents><CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes>\
             <NextMarker>m+n</NextMarker><NextContinuationToken>t+%2B</NextContinuationToken>\
             <EncodingType>url</EncodingType>",
        );
        let answer = Answer::read(body.as_bytes()).unwrap();
        assert_eq!(answer.objects[0].key, "a +\né");
        assert_eq!((&*answer.prefixes[0], answer.marker.as_deref()), ("p/", Some("m n")));
        assert_eq!(answer.token.as_deref(), Some("t+%2B"), "a token is opaque");
    }

    #[test]
    fn a_page_that_only_says_that_it_is_encoded_is_found_out() {
        let keys = |keys: &[&str], encoding: &str| {
            let keys: Vec<String> =
                keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            page(&format!("{}{encoding}", keys.concat()))
        };
        let encoded = "<EncodingType>url</EncodingType>";
        let said = keys(&["a+b", "c%2Fd", "é"], encoded);
        let plain = keys(&["a+b", "c%2Fd", "é"], "");
        let honest = keys(&["a%2Bb", "c%252Fd", "%C3%A9"], encoded);
        let changed = keys(&["a+b", "new"], "");
        let [said, plain, honest, changed] =
            [&said, &plain, &honest, &changed].map(|body| Answer::read(body.as_bytes()).unwrap());
        assert!(said.is_decoded && honest.is_decoded && !plain.is_decoded);
        assert!(said.is_decoded_of(&plain));
        assert!(!honest.is_decoded_of(&plain) && !said.is_decoded_of(&changed));
    }

    #[test]
    fn nothing_else_passes_for_a_page() {
        for body in [
            "",
            "<html><body>log in</body></html>",
            "<Error><Code>InternalError</Code></Error>",
            "{\"keys\": []}",
            "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Key>&nbsp;</Key></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Key>a<b/></Key></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>1</IsTruncated></ListBucketResult>",
        ] {
            assert_eq!(Answer::read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Answer::read(b"<ListBucketResult><Name>\xff</Name></ListBucketResult>"), None);
        let deep = page(&"<x>".repeat(100_000));
        assert_eq!(Answer::read(deep.as_bytes()), None);
    }

    #[test]
    fn there_is_more_where_anything_says_so() {
        let truncated = |inside: &str| Answer::read(page(inside).as_bytes()).unwrap().truncated;
        assert!(truncated("<IsTruncated>True</IsTruncated>"));
        assert!(truncated("<NextContinuationToken>t</NextContinuationToken>"));
        assert!(!truncated(
            "<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        ));
        assert!(!truncated("<NextMarker/>") && !truncated(""));
    }

    proptest! {
        #[test]
        fn a_page_that_is_cut_short_is_none(at in 0_usize..1000) {
            let body = page("<Contents><Key>&lt;é</Key><Size>1</Size></Contents><IsTruncated>false</IsTruncated>");
            prop_assert!(Answer::read(body.as_bytes()).is_some());
            prop_assert_eq!(Answer::read(&body.as_bytes()[..at % body.len()]), None);
        }

        #[test]
        fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Answer::read(&body);
            let _ = Answer::read(page(&String::from_utf8_lossy(&body)).as_bytes());
        }
    }
}
