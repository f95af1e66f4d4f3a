//! Flows at full scale: a million keys in one prefix, and answers that keep a user waiting.

use super::*;

/// Keys in the prefix.
const MANY: usize = 1_000_000;

/// The count in the title of the pane with the keyboard.
fn count(flow: &Flow) -> usize {
    let title = flow.screen().lines().next().unwrap().rsplit('┌').next().unwrap().to_owned();
    let words = title.trim_end_matches(['┐', '"']).rsplit_once("/ ").map_or("", |(_, count)| count);
    let number: String = words.chars().filter(char::is_ascii_digit).collect();
    number.parse().unwrap_or_else(|_| panic!("no count in {title}"))
}

/// Every key so far, once and in order: their numbers are those of the rows.
fn assert_in_order(flow: &Flow) {
    let here = flow.state.here();
    for entry in 0..u32::try_from(here.listing.len()).unwrap() {
        let name = here.name(entry).as_encoded_bytes();
        let number = name[4..].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        assert!(name.starts_with(b"key-") && number == entry, "{entry}: {:?}", here.name(entry));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_keys_are_read_while_keys_act_stopped_gone_on_with_filtered_and_sorted() {
    let mut flow = Flow::start(&[("a.txt", "x"), ("b.txt", "y")], &[], at("")).await;
    flow.backend.invent_keys("box", MANY as u64);
    flow.backend.faults().take_requests();
    flow.keys("\tR");
    flow.until_shown("key-000000000").await;
    assert_eq!((flow.backend.faults().take_requests().len(), count(&flow)), (1, 1000), "one page is enough");
    assert!(flow.screen().contains("1,000+"));

    flow.keys("G");
    let mut counts = vec![count(&flow)];
    while counts.len() < 20 {
        let before = flow.state.here().listing.len();
        flow.until(|flow| flow.state.here().listing.len() > before).await;
        counts.push(count(&flow));
    }
    assert!(counts.is_sorted() && counts[19] >= 15_000, "{counts:?}");
    assert!(flow.screen().contains("+ reading all") && flow.screen().contains("(Esc stops)"));
    // The other pane has the keyboard meanwhile.
    flow.keys("\tj ");
    assert_eq!(flow.state.here().listing.marks(), (1, 1));
    flow.keys("\t");
    assert!(flow.state.here().loading && flow.state.here().is_loading_all());

    flow.keys("\x1b");
    let stopped = flow.state.here().listing.len();
    assert!(!flow.state.here().loading && stopped < MANY && count(&flow) == stopped);
    assert!(flow.state.here().has_more(), "it says that there is more");
    flow.keys("G");
    flow.until(|flow| flow.state.here().listing.len() > stopped).await;
    flow.until(|flow| !flow.state.here().loading).await;
    assert_eq!(flow.state.here().listing.len(), MANY);
    assert!(flow.screen().contains("1,000,000 ") && flow.screen().contains("key-000999999"));
    assert_in_order(&flow);

    flow.keys("S");
    assert!(flow.screen().contains("by name reversed sorting"), "{}", flow.screen());
    flow.keys("g");
    flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
    flow.keys("g");
    let here = flow.state.here();
    assert_eq!(here.name(here.current().unwrap()), "key-000999999");
    flow.keys("/99999\r");
    flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
    assert!(flow.screen().contains(" 19 of 1,000,000 by name reversed "), "{}", flow.screen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_waits_for_an_answer_that_is_late() {
    let files = [("a.txt", "x"), ("b.txt", "y")];
    let mut flow = Flow::start(&files, &[("in/one.txt", "1"), ("top.txt", "2")], at("")).await;
    let hold = |operation| Rule::always(operation, Fault::Hold);
    flow.backend.faults().add(hold(Operation::ListObjects));
    flow.backend.faults().take_requests();
    flow.keys("\t\r");
    let asked = async {
        while flow.backend.faults().take_requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("the listing is asked for");
    // The server keeps its answer: whatever is shown now was shown without it.
    let screen = flow.screen();
    assert!(screen.contains("demo:box/in/") && screen.contains("reading since "), "{screen}");
    assert!(screen.contains("(Esc stops)"), "{screen}");
    flow.keys("\tj ");
    assert_eq!(flow.state.here().listing.marks(), (1, 1), "the other pane works");
    flow.keys("nnew\r");
    flow.until(|flow| flow.file("new").is_dir() && flow.screen().contains("new/")).await;
    flow.keys("\t?");
    assert!(flow.screen().contains("Help") || flow.screen().contains("Keys"), "{}", flow.screen());
    flow.keys("\x1b");
    assert!(flow.state.here().loading, "that closed the help");
    flow.keys("\x1b");
    let screen = flow.screen();
    assert!(!flow.state.here().loading && screen.contains("stopped; R reads it"), "{screen}");
    flow.keys("h");
    assert!(flow.screen().contains("top.txt"), "what was seen before is there at once: {}", flow.screen());
    flow.backend.faults().let_go();
    flow.until(|flow| !flow.state.here().loading).await;
    assert!(flow.screen().contains("top.txt") && !flow.screen().contains("one.txt"));
    flow.keys("\r");
    flow.until_shown("one.txt").await;

    // It is as with other questions: a link's, properties', what is viewed.
    flow.backend.faults().add(hold(Operation::GetObject));
    flow.keys("v");
    assert!(flow.screen().contains("reading..."), "{}", flow.screen());
    flow.keys("\x1b");
    assert!(flow.screen().contains("demo:box/in/") && !flow.screen().contains("reading"));
    flow.backend.faults().add(hold(Operation::HeadObject));
    flow.keys("i");
    assert!(flow.screen().contains("asking for properties... (Esc stops)"), "{}", flow.screen());
    flow.keys("\x1b");
    assert!(!flow.screen().contains("asking"));
    flow.backend.faults().let_go();
    flow.keys("v");
    flow.until_shown("UTF-8  1 B  100%").await;
}
