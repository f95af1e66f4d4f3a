//! The viewer of the real browser, on objects that are not read in one go.

use std::io::Write as _;

use twinpail::demo::Operation;

use crate::browser::start;
use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_log_of_any_length_is_viewed_to_its_end() {
    let world = World::new().await;
    // What packs badly, as logs full of identifiers do: more than is fetched at once also when it is packed.
    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<u8> = (0..6 << 20).map(|_| b'0' + random.u8(..64)).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for (number, noise) in noise.chunks(64).enumerate() {
        packer.write_all(format!("{number:06} ").as_bytes()).unwrap();
        packer.write_all(&[noise, b"\n"].concat()).unwrap();
    }
    let packed = packer.finish().unwrap();
    assert!(packed.len() > 4 << 20, "{}", packed.len());
    world.backend.put("box", "app.log.gz", packed.clone());
    world.backend.put("box", "cut.log.gz", packed[..1 << 20].to_vec());
    let mut session = start(&world, (120, 30));
    session.wait_for("app.log.gz");
    world.backend.faults().take_requests();
    session.keys("\tv");
    session.wait_for("000000 ");
    session.keys("G");
    session.wait_for("098303 ");
    session.wait_for("100%");
    let asked = world.backend.faults().take_requests();
    let reads = asked.iter().filter(|request| request.operation == Operation::GetObject).count();
    assert!(reads <= 4, "the packed bytes are fetched once, many at a time: {reads}");
    session.keys("g");
    session.wait_for("000000 ");
    session.keys("\x1b");
    session.wait_for("cut.log.gz");
    session.keys("jvG");
    session.wait_for("gzip (cut off)");
    session.wait_for("100%");
    session.keys("q");
    session.wait_for("app.log.gz");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}
