//! JSON laid out. The text of every value stays as it was written, keys keep their order.

use serde::de::IgnoredAny;

use super::Shown;
use crate::sanitize::display_safe;

/// Deeper nesting is indented no further.
const DEEPEST: usize = 64;

pub(super) fn looks_like(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".geojson", ".webmanifest", ".har"].iter().any(|ending| name.ends_with(ending))
}

/// Laid out; `None` for what is no JSON.
pub(super) fn lines(text: &str) -> Option<Shown> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut lines = Vec::new();
    let (mut line, mut depth, mut in_string, mut escaped) = (String::new(), 0usize, false, false);
    let mut push = |line: &mut String, depth: usize| {
        let indent = "  ".repeat(depth.min(DEEPEST));
        lines.push((0, indent + &display_safe(line)));
        line.clear();
    };
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        if in_string {
            line.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                line.push(c);
            }
            '{' | '[' => {
                line.push(c);
                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    line.push(close);
                } else {
                    push(&mut line, depth);
                    depth += 1;
                }
            }
            '}' | ']' => {
                push(&mut line, depth);
                depth = depth.saturating_sub(1);
                line.push(c);
            }
            ',' => {
                line.push(c);
                push(&mut line, depth);
            }
            ':' => line.push_str(": "),
            c if c.is_whitespace() => {}
            c => line.push(c),
        }
    }
    push(&mut line, depth);
    Some(Shown { lines, what: "JSON".to_owned(), ..Shown::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<String> {
        lines(json).unwrap().lines.into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn order_and_numbers_stay_as_they_were_written() {
        let json = r#"{"z":1.50,"a":[1, {}, []],"s":"a,{}\":\\"}"#;
        let expected = [
            "{",
            "  \"z\": 1.50,",
            "  \"a\": [",
            "    1,",
            "    {},",
            "    []",
            "  ],",
            r#"  "s": "a,{}\":\\""#,
            "}",
        ];
        assert_eq!(texts(json), expected);
        assert_eq!(texts("  3 "), ["3"]);
        assert!(lines("{\"a\":").is_none() && lines("").is_none());
    }
}
