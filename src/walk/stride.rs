//! How far apart keys are, as a page of them shows: where the next ones may be expected to lie. Knows numbers, hexadecimal
//! ones and random letters; of what it does not know it says nothing.

use std::sync::Arc;

use super::Found;

/// Bytes of a key that are read as one number.
const WINDOW: usize = 8;
/// As many of them stand before the first byte that changes within the page, since numbers carry.
const BEFORE: usize = 4;
/// Keys of a page that says something.
const ENOUGH: usize = 10;
/// A step, in twentieths of a page: as far as two pages reach, a little less so that there are hardly ever three.
const STEP: u128 = 39;

/// What a page spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stride {
    /// Where in a key the number begins.
    at: usize,
    /// Its digits, in byte order.
    digits: Arc<[u8]>,
    /// How much it grows within a page.
    page: u128,
}

impl Stride {
    /// What a page tells whose keys are in order.
    pub(super) fn of(page: &[Found]) -> Option<Self> {
        let (first, last) = (page.first()?.key().as_bytes(), page.last()?.key().as_bytes());
        let changes = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        if page.len() <= ENOUGH || !last.get(changes)?.is_ascii_alphanumeric() {
            return None;
        }
        let before =
            last[..changes].iter().rev().take(BEFORE).take_while(|byte| byte.is_ascii_alphanumeric());
        let at = changes - before.count();
        let behind = page.iter().flat_map(|found| found.key().bytes().skip(changes).take(2));
        let digits = digits(last[at..changes].iter().copied().chain(behind)).into();
        let mut stride = Self { at, digits, page: 0 };
        let grows = stride.number(last).checked_sub(stride.number(first))?;
        let keys = page.len() as u128;
        stride.page = grows * keys / (keys - 1);
        (stride.page > 0).then_some(stride)
    }

    /// The key that is expected two pages behind `key`, or `doublings` times twice as far.
    pub(super) fn ahead(&self, key: &str, doublings: u32) -> Option<String> {
        let base = self.digits.len() as u128;
        let mut ahead = key.get(..self.at)?.to_owned();
        let mut number = self.number(key.as_bytes()) + ((self.page * STEP / 20) << doublings);
        let mut digits = [0; WINDOW];
        for digit in digits.iter_mut().rev() {
            *digit = self.digits[usize::try_from(number % base).ok()?];
            number /= base;
        }
        ahead.extend(digits.map(char::from));
        // A number with a digit more stands elsewhere.
        (number == 0 && ahead.as_str() > key).then_some(ahead)
    }

    /// The number in a key; what is no digit counts as the next lower one, and ends it.
    fn number(&self, key: &[u8]) -> u128 {
        let (mut number, mut over) = (0, false);
        for at in self.at..self.at + WINDOW {
            let byte = key.get(at).copied().filter(|_| !over).unwrap_or(0);
            over |= !self.digits.contains(&byte);
            let digit = self.digits.partition_point(|digit| *digit <= byte).saturating_sub(1);
            number = number * self.digits.len() as u128 + digit as u128;
        }
        number
    }
}

/// The digits of numbers that have these among theirs, in byte order.
fn digits(seen: impl Iterator<Item = u8>) -> Vec<u8> {
    let (mut decimal, mut upper, mut lower) = (false, 0, 0);
    for byte in seen {
        match byte {
            b'0'..=b'9' => decimal = true,
            b'A'..=b'Z' => upper = upper.max(byte),
            b'a'..=b'z' => lower = lower.max(byte),
            _ => {}
        }
    }
    // With digits beside them, the first six letters are hexadecimal ones.
    let to =
        |most: u8, hexadecimal: u8, last: u8| if decimal && most <= hexadecimal { hexadecimal } else { last };
    let mut digits = Vec::new();
    if decimal {
        digits.extend(b'0'..=b'9');
    }
    if upper > 0 {
        digits.extend(b'A'..=to(upper, b'F', b'Z'));
    }
    if lower > 0 {
        digits.extend(b'a'..=to(lower, b'f', b'z'));
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::walk::pieces::tests::found;

    fn of<S: AsRef<str>>(keys: impl IntoIterator<Item = S>) -> Option<Stride> {
        let page: Vec<Found> = keys.into_iter().map(|key| found(key.as_ref())).collect();
        Stride::of(&page)
    }

    #[test]
    fn numbers_lead_two_pages_on() {
        let numbers = of((0..100).map(|number| format!("a/key-{:07}.json", 950 + number))).unwrap();
        assert_eq!(numbers.ahead("a/key-0001049.json", 0).as_deref(), Some("a/key-00012440"));
        assert_eq!(numbers.ahead("a/key-0001049.json", 1).as_deref(), Some("a/key-00014390"));
        assert_eq!(numbers.ahead("a/key-9999999.json", 0), None, "no number of as many digits");
        assert_eq!(numbers.ahead("b", 0), None);
        let hexadecimal = of((0..256).map(|number| format!("{:06x}-x", number * 16))).unwrap();
        assert_eq!(hexadecimal.ahead("000ff0-x", 0).as_deref(), Some("002f2333"));
    }

    #[test]
    fn what_tells_nothing_is_no_stride() {
        assert_eq!(of((0..9).map(|number| number.to_string())), None, "too few");
        assert_eq!(of((0..100).map(|number| format!("é{}", char::from_u32(0x4e00 + number).unwrap()))), None);
        assert_eq!(of((0..20).map(|_| "same")), None);
    }

    proptest! {
        #[test]
        fn whatever_is_expected_lies_ahead(
            keys in proptest::collection::btree_set("[a-c0-9/é日 ]{0,6}[a-zA-Z0-9]{0,12}", 11..60),
            at in "[ -~é日]{0,12}", doublings in 0_u32..13,
        ) {
            if let Some(ahead) = of(&keys).and_then(|stride| stride.ahead(&at, doublings)) {
                prop_assert!(ahead > at);
            }
        }
    }
}
