//! Pictures as few coloured points. Decoding is limited in size and memory: a file can claim any.

use image::{ImageReader, Limits};

/// Points kept at most, each way.
const MOST: u32 = 400;
/// Pixels of the original, each way, and bytes for decoding it.
const LARGEST: u32 = 20_000;
const MEMORY: u64 = 256 << 20;

/// A small copy of a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    points: Vec<[u8; 3]>,
    /// Size of the original in pixels.
    pub original: (u32, u32),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

impl Picture {
    /// Decodes PNG or JPEG.
    ///
    /// # Errors
    /// Why it cannot be shown, in words.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST);
        limits.max_image_height = Some(LARGEST);
        limits.max_alloc = Some(MEMORY);
        let mut reader =
            ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
        reader.limits(limits);
        let image = reader.decode().map_err(|error| error.to_string())?;
        let original = (image.width(), image.height());
        let small = image.thumbnail(MOST, MOST).to_rgba8();
        let (width, height) = small.dimensions();
        // Transparent points lie on grey, which is neither of the usual backgrounds.
        let flat = |part: u8, alpha: u8| {
            let mixed = (u16::from(part) * u16::from(alpha) + 128 * (255 - u16::from(alpha))) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let points = small.pixels().map(|p| [0, 1, 2].map(|part| flat(p.0[part], p.0[3]))).collect();
        Ok(Self { width, height, points, original })
    }

    /// Cells that it takes of `columns` x `rows` without being stretched; a cell is two points high.
    pub fn fit(&self, columns: u16, rows: u16) -> (u16, u16) {
        let (width, height) = (f64::from(self.width.max(1)), f64::from(self.height.max(1)));
        let scale = (f64::from(columns) / width).min(2.0 * f64::from(rows) / height);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the cells there are"
        )]
        let cells = |length: f64, most: u16| (length.round().clamp(1.0, f64::from(most.max(1)))) as u16;
        (cells(width * scale, columns), cells(height * scale / 2.0, rows))
    }

    /// The colour at a point of `columns` x `points`.
    pub fn at(&self, column: u16, columns: u16, point: u16, points: u16) -> [u8; 3] {
        let scaled = |at: u16, of: u16, all: u32| {
            (u32::from(at) * all / u32::from(of.max(1))).min(all.saturating_sub(1))
        };
        let (x, y) = (scaled(column, columns, self.width), scaled(point, points, self.height));
        self.points.get((y * self.width + x) as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let image = image::RgbImage::from_fn(width, height, |x, _| {
            image::Rgb([if x < width / 2 { 255 } else { 0 }, 0, 9])
        });
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_keeps_its_shape_and_colours() {
        let picture = Picture::decode(&png(1000, 500)).unwrap();
        assert_eq!(picture.original, (1000, 500));
        assert_eq!(picture.fit(80, 24), (80, 20));
        assert_eq!(picture.fit(10, 24), (10, 3));
        assert_eq!((picture.at(0, 80, 0, 40), picture.at(79, 80, 39, 40)), ([255, 0, 9], [0, 0, 9]));
    }

    #[test]
    fn what_is_damaged_or_claims_to_be_huge_is_refused() {
        assert!(Picture::decode(&png(4, 4)[..20]).is_err());
        let mut huge = png(4, 4);
        huge[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(Picture::decode(&huge).is_err());
        assert!(Picture::decode(b"").is_err());
    }
}
