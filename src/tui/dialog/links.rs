//! Signed links: always readable on the screen, with the time they truly end, and with what truly became of the
//! clipboard.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use super::super::message::Link;
use super::super::text;
use super::super::theme::Theme;
use super::super::units::Units;
use super::window::{self, Scroll};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::Result;
use crate::links::{self, Verdict, left, skew};
use crate::s3::{EndsBecause, Method};
use crate::sanitize::display_safe;
use crate::{clipboard, qr};

/// Cells that it wants: long URLs in few lines.
const WIDTH: u16 = 100;

/// How a line of it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Heading,
    Url,
    Plain,
    Warning,
    Good,
    Bad,
}

impl Tone {
    fn style(self, theme: &Theme) -> Style {
        match self {
            Tone::Heading => theme.focused,
            Tone::Url => theme.text,
            Tone::Plain => theme.dim,
            Tone::Warning => theme.warning,
            Tone::Good => theme.good,
            Tone::Bad => theme.error,
        }
    }
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::DialogCopy], "copy"),
    (&[Action::LinkCurl, Action::LinkWget, Action::LinkMarkdown, Action::LinkHtml], "curl, wget, md, html"),
    (&[Action::LinkTest], "try"),
    (&[Action::LinkQr], "QR"),
    (&[Action::LinkPrint], "print"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Links {
    signed: Vec<Link>,
    /// Everything but the notice, made once.
    text: Vec<(Tone, String)>,
    notice: Vec<(Tone, String)>,
    scroll: Scroll,
    /// The one that is shown as a QR code.
    qr: Option<usize>,
}

impl Links {
    pub(super) fn new(links: Vec<Link>, units: &Units) -> Self {
        let several = links.len() > 1;
        let text = links.iter().flat_map(|link| describe(link, several, units)).collect();
        let notice = vec![(Tone::Plain, "Copying...".to_owned())];
        Self { signed: links, text, notice, scroll: Scroll::default(), qr: None }
    }

    pub(super) fn set_notice(&mut self, outcome: &clipboard::Outcome, takes: bool) {
        self.notice = notice(outcome, takes);
    }

    /// What came of trying them, link by link.
    pub(super) fn set_verdicts(&mut self, verdicts: &[Result<Verdict>]) {
        self.notice = verdicts
            .iter()
            .map(|verdict| match verdict {
                Ok(verdict) => {
                    let said = verdict.said.as_ref().map(|said| format!(" (it says: {said})"));
                    let tone = if verdict.works { Tone::Good } else { Tone::Bad };
                    (tone, format!("Tried: {}{}", verdict.words, said.unwrap_or_default()))
                }
                Err(error) => (Tone::Bad, format!("Not tried: {error}")),
            })
            .collect();
    }

    fn copy_as(&mut self, form: impl Fn(&Link) -> String) -> Outcome {
        self.notice = vec![(Tone::Plain, "Copying...".to_owned())];
        let lines: Vec<String> = self.signed.iter().map(form).collect();
        Outcome::Do(Decision::CopyText(lines.join("\n")))
    }

    /// The URLs, one a line.
    fn plain(&self) -> String {
        self.signed.iter().map(|link| link.signed.url.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::DialogCopy => {
                self.notice = vec![(Tone::Plain, "Copying...".to_owned())];
                return Outcome::Do(Decision::CopyText(self.plain()));
            }
            Action::LinkPrint => return Outcome::Do(Decision::PrintPlain(self.plain())),
            Action::LinkCurl => return self.copy_as(|link| links::curl(link.request.method, &link.signed)),
            Action::LinkWget => return self.copy_as(|link| links::wget(&link.signed)),
            Action::LinkMarkdown => {
                return self.copy_as(|link| links::markdown(&link.request.target, &link.signed));
            }
            Action::LinkHtml => return self.copy_as(html),
            Action::LinkTest => {
                self.notice = vec![(Tone::Plain, "Trying it as its holder would...".to_owned())];
                return Outcome::Do(Decision::TestLinks(self.signed.clone()));
            }
            Action::LinkQr => self.qr = if self.qr.is_none() { Some(0) } else { None },
            Action::DialogAccept => return Outcome::Close(None),
            _ => match &mut self.qr {
                Some(at) => *at = window::moved(action, *at, self.signed.len(), 1),
                None => self.scroll.on_action(action),
            },
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        if let Some(at) = self.qr {
            return self.draw_qr(at, frame, area, theme);
        }
        let width = window::content_width(area, WIDTH);
        let wrapped = |text: &[(Tone, String)]| -> Vec<(Tone, Line<'static>)> {
            text.iter()
                .flat_map(|(tone, line)| {
                    let style = tone.style(theme);
                    text::wrap(line, usize::from(width))
                        .into_iter()
                        .map(move |line| (*tone, Line::styled(line, style)))
                })
                .collect()
        };
        let (lines, notice) = (wrapped(&self.text), wrapped(&self.notice));
        let below = u16::try_from(notice.len()).unwrap_or(u16::MAX);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(below);
        let title = match self.signed.as_slice() {
            [_] => "Link".to_owned(),
            many => format!("{} links", many.len()),
        };
        let room = window::open(frame, area, theme, &title, (width, height));
        // The notice keeps its place at the bottom, but leaves at least half to the URLs.
        let below = below.min(room.height / 2);
        let above = Rect { height: room.height - below, ..room };
        let (tones, lines): (Vec<Tone>, Vec<Line<'static>>) = lines.into_iter().unzip();
        let top = self.scroll.draw(frame, above, theme, &lines);
        if theme.hyperlinks {
            self.link_headings(frame, above, &tones, top);
        }
        for (index, (_, line)) in (0..below).zip(notice) {
            frame.render_widget(line, window::row(room, above.height + index));
        }
    }

    /// What a download is of opens it, in terminals that know how.
    fn link_headings(&self, frame: &mut Frame<'_>, area: Rect, tones: &[Tone], top: usize) {
        let mut of = self.signed.iter();
        let mut current = None;
        for (index, tone) in tones.iter().enumerate() {
            let begins =
                *tone == Tone::Heading && index.checked_sub(1).is_none_or(|before| tones[before] != *tone);
            if begins {
                current = of.next();
            }
            let Some(link) = current.filter(|link| link.request.method == Method::Get) else { continue };
            let row = index.checked_sub(top).and_then(|row| u16::try_from(row).ok());
            if let (Tone::Heading, Some(row)) = (tone, row.filter(|row| *row < area.height)) {
                window::hyperlink(frame, window::row(area, row), &link.signed.url);
            }
        }
    }

    /// A code that fits the screen, or why there is none. Dark on light whatever the theme: cameras want that.
    fn draw_qr(&self, at: usize, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let Some(link) = self.signed.get(at) else { return };
        let title = match self.signed.len() {
            1 => "QR".to_owned(),
            many => format!("QR {} of {many}: {}", at + 1, link.request.target),
        };
        let (width, height) = (area.width.saturating_sub(4), area.height.saturating_sub(2));
        let fitting = qr::fitting(&link.signed.url, width, height);
        let (lines, style) = match fitting {
            _ if theme.ascii => {
                (vec!["No QR code: this terminal shows nothing but ASCII.".to_owned()], theme.warning)
            }
            Ok(lines) => (lines, Style::new().fg(Color::White).bg(Color::Black)),
            Err(why) => {
                (vec![format!("No QR code: {why}. A larger window or a smaller font helps.")], theme.warning)
            }
        };
        let wide = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).min(usize::from(width));
        let lines: Vec<String> = lines.iter().flat_map(|line| text::wrap(line, usize::from(width))).collect();
        let size = (u16::try_from(wide).unwrap_or(width), u16::try_from(lines.len()).unwrap_or(height));
        let room = window::open(frame, area, theme, &title, size);
        window::stand(frame, window::row(room, 0));
        for (index, line) in (0..room.height).zip(lines) {
            frame.render_widget(Line::styled(line, style), window::row(room, index));
        }
    }
}

fn describe(link: &Link, several: bool, units: &Units) -> Vec<(Tone, String)> {
    let (request, signed) = (&link.request, &link.signed);
    let mut lines = Vec::new();
    let verb = match request.method {
        Method::Get => "Download",
        Method::Put => "Upload to",
        Method::Head => "Headers of",
        Method::Delete => "Delete",
    };
    lines.push((Tone::Heading, format!("{verb} {}", request.target)));
    lines.push((Tone::Url, display_safe(&signed.url).into_owned()));
    let ends = signed.ends.map(|ends| format!("{} ({})", units.exact_time(ends), left(ends, link.signed_at)));
    lines.push(match (ends, signed.because) {
        (None, _) | (_, EndsBecause::Public) => {
            (Tone::Warning, "Public: not signed, anybody can open it, and it does not end".to_owned())
        }
        (Some(ends), EndsBecause::Asked) => (Tone::Plain, format!("Works until {ends}")),
        (Some(ends), EndsBecause::Credentials) => (
            Tone::Warning,
            format!("Works until {ends} only, sooner than asked: the credentials that signed it end then"),
        ),
    });
    if !signed.clock_ahead.is_zero() {
        lines.push((Tone::Warning, format!("Signed by {}", skew(signed.clock_ahead))));
    }
    for (name, value) in &signed.headers {
        let (name, value) = (display_safe(name), display_safe(value));
        lines.push((Tone::Plain, format!("The request must send {name}: {value}")));
    }
    if several {
        lines.push((Tone::Plain, String::new()));
    }
    lines
}

/// In HTML: an anchor, or the page that sends a file.
fn html(link: &Link) -> String {
    match link.request.method {
        Method::Put => links::kit::upload_page(&link.request, &link.signed),
        _ => links::anchor(&link.request.target, &link.signed),
    }
}

/// What became of the copy, no better than it is; `takes`: the terminal says that it takes such text.
fn notice(outcome: &clipboard::Outcome, takes: bool) -> Vec<(Tone, String)> {
    match outcome {
        clipboard::Outcome::Copied { by, lost_at_exit } => {
            let mut lines = vec![(Tone::Good, format!("Copied by {}", display_safe(by)))];
            if *lost_at_exit {
                lines.push((Tone::Warning, "It is gone from the clipboard when twinpail ends".to_owned()));
            }
            lines
        }
        clipboard::Outcome::Sent { by, directly: true } if takes => {
            vec![(Tone::Good, format!("Sent to {}, which takes it", display_safe(by)))]
        }
        clipboard::Outcome::Sent { by, .. } => {
            let by = display_safe(by);
            vec![(
                Tone::Warning,
                format!("Sent to {by}, which does not confirm it; it can be printed as plain text"),
            )]
        }
        clipboard::Outcome::Failed(error) => {
            let mut lines = vec![(Tone::Bad, format!("Not copied: {error}"))];
            let hint = error.hint().unwrap_or_else(|| "it can be printed as plain text".to_owned());
            lines.push((Tone::Plain, hint));
            lines
        }
    }
}
