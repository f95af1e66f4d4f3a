//! QR codes in half blocks, as text. Knows nothing of what they say.

use qrcode::{Color, EcLevel, QrCode};

/// Empty modules around a code, which readers need.
const QUIET: usize = 2;

/// The code of `text` as lines of `▀▄█`, dark on light whatever the terminal's colours: light modules are drawn.
///
/// # Errors
/// Why it does not fit into `width` x `height` cells, in words.
pub fn fitting(text: &str, width: u16, height: u16) -> Result<Vec<String>, String> {
    // The lowest level of correction: a screen has no scratches, and links are long.
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .map_err(|_| format!("{} bytes are too many for one", text.len()))?;
    let side = code.width() + 2 * QUIET;
    let (columns, rows) = (side, side.div_ceil(2));
    if columns > usize::from(width) || rows > usize::from(height) {
        return Err(format!("it needs {columns}x{rows} cells and here are {width}x{height}"));
    }
    let light = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + code.width()).contains(&x) && (QUIET..QUIET + code.width()).contains(&y);
        y < side && !(inside && code[(x - QUIET, y - QUIET)] == Color::Dark)
    };
    let row = |y: usize| {
        (0..side)
            .map(|x| match (light(x, y), light(x, y + 1)) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            })
            .collect()
    };
    Ok((0..side).step_by(2).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_where_it_fits_and_refused_with_its_size_where_not() {
        let lines = fitting("https://example.org", 80, 24).unwrap();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width) && lines.len() == width.div_ceil(2));
        assert!(lines[0].chars().all(|c| c == '\u{2588}'), "the quiet zone is light");
        let why = fitting(&"x".repeat(900), 80, 24).unwrap_err();
        assert!(why.contains("80x24"), "{why}");
        assert!(fitting(&"x".repeat(9000), 999, 999).unwrap_err().contains("too many"));
    }
}
