//! The sample data: folders, sizes and times one meets, names in several scripts, and names nobody wants to meet.

use std::time::{Duration, SystemTime};

use super::Backend;
use super::backend::Content;

const DAY: u64 = 86_400;

/// Names in several scripts, wide and narrow, composed and decomposed.
const SCRIPTS: &[&str] = &[
    "Zürich – Straßenkarte.pdf",
    "naïve café (e\u{301}).txt",
    "Ελληνικά/σημειώσεις.md",
    "Русский/отчёт 2026.xlsx",
    "العربية/تقرير.pdf",
    "עברית/מסמך.txt",
    "हिन्दी/नमस्ते.txt",
    "日本語/写真 2026年.jpg",
    "中文/说明.md",
    "한국어/안녕하세요.txt",
    "ไทย/สวัสดี.txt",
    "emoji/\u{1f980} crab.png",
];

/// Keys that are legal, and that steer terminals, paths or parsers that are not careful.
const HOSTILE: &[&str] = &[
    "escape \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}.txt",
    "two\nlines.txt",
    "tab\there.txt",
    "gpj.\u{202e}exe",
    "zero\u{200b}width.txt",
    "//double//slashes.txt",
    "/leading slash.txt",
    "dots/../up.txt",
    "dots/./here.txt",
    "../outside.txt",
    "-rf",
    "100%2Fdone.txt",
    "plus+and space .txt ",
    "quote's \"and\" $(touch x) `y`.txt",
    "both",
    "both/a file and a folder",
    "CON",
    "back\\slash.txt",
];

/// A backend filled with sample data.
pub fn sample_backend() -> Backend {
    let backend = Backend::new();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        // xorshift: the same data every time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let now = SystemTime::now();
    let put = |bucket: &str, key: &str, size: u64, age: u64| {
        // The sum of bytes that are made on the way out is not known; the form of a multipart ETag says so.
        let etag = format!("{:032x}-2", size.wrapping_mul(0x9e37_79b9).wrapping_add(key.len() as u64));
        backend.put_content(bucket, key, Content::Pattern(size), etag, now - Duration::from_secs(age));
    };

    for year in 2024..=2026 {
        for (month, count) in [("01-january", 24), ("05-may", 40), ("08-august", 31), ("11-november", 18)] {
            for n in 1..=count {
                let age = (2026 - year) * 365 * DAY + random(300 * DAY);
                put(
                    "media",
                    &format!("photos/{year}/{month}/IMG_{n:04}.jpg"),
                    900_000 + random(6_000_000),
                    age,
                );
            }
        }
    }
    for (name, size) in
        [("holiday.mp4", 31_457_280), ("interview.mov", 12_582_912), ("teaser.webm", 4_194_304)]
    {
        put("media", &format!("video/{name}"), size, random(90 * DAY));
    }
    put("media", "video/panorama-64MiB.bin", 64 << 20, 3 * DAY);

    let text = |key: &str, text: &str| backend.put("documents", key, text.as_bytes().to_vec());
    text(
        "README.md",
        "# Documents\n\nSample data of the demo. Everything here lives in memory and is gone at exit.\n",
    );
    text("notes/todo.txt", "- copy a folder to the other pane (c)\n- copy a link (y)\n- ask for help (?)\n");
    text("notes/meeting 2026-11-03.md", "# Meeting\n\nDecided: two panes are enough.\n");
    for quarter in 1..=4 {
        put(
            "documents",
            &format!("reports/2026-Q{quarter}.pdf"),
            150_000 + random(900_000),
            quarter * 80 * DAY,
        );
        text(
            &format!("reports/2026-Q{quarter}.csv"),
            "region,revenue\nnorth,120\nsouth,95\neast,143\nwest,88\n",
        );
    }
    backend.put("documents", "empty/", Vec::new());

    for day in 1..=28 {
        put(
            "backups",
            &format!("db/2026-11-{day:02}.dump.zst"),
            9_000_000 + random(500_000),
            (29 - day) * DAY,
        );
    }
    for name in SCRIPTS {
        backend.put("names", name, name.as_bytes().to_vec());
    }
    for name in HOSTILE {
        backend.put("hostile-names", name, b"legal, and to be handled with care\n".to_vec());
    }
    let long: String = std::iter::repeat_n("long-", 204).collect::<String>() + "1024";
    backend.put("hostile-names", &long, b"as long as a key can be\n".to_vec());

    for (key, days, parts) in [("raw/tour-4k.mov", 12, 2), ("raw/concert.mov", 3, 1), ("raw/new.mov", 0, 0)] {
        let part = vec![0; 256 << 10];
        let parts = vec![part.as_slice(); parts];
        backend.leave_upload("media", key, now - Duration::from_secs(days * DAY), &parts);
    }
    settings(&backend);
    backend.create_bucket("empty");
    backend
}

/// A bucket that keeps versions, one of which was deleted, and what others are set to do.
fn settings(backend: &Backend) {
    backend.create_bucket("versioned");
    backend.set_versioned("versioned");
    for revision in 1..=3 {
        backend.put("versioned", "plan.txt", format!("revision {revision} of the plan\n").into_bytes());
    }
    backend.put("versioned", "dropped.txt", b"deleted, but kept: V on the bucket, then r\n".to_vec());
    backend.delete("versioned", "dropped.txt");
    backend.set_lifecycle("backups", "db/", 30);
    backend.set_cors("media", "https://app.example.org");
    backend.set_policy(
        "media",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::media/video/*"}]}"#,
    );
}
