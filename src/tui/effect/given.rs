//! What was given out is asked for where it is known: the gateway, the log of links, the kits.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::blocking;
use crate::config::paths::expand_home;
use crate::error::{Error, Kind, Result};
use crate::gateway::{Client, ExtendRequest, Password};
use crate::links::kit::{self, KitRequest, Kits};
use crate::links::{self, Log, REVOKE, Standing};
use crate::s3::Connections;
use crate::tui::dialog::{Given, Order, Sort};
use crate::tui::message::{GivenEffect, GivenEvent, Made};
use crate::tui::units::Units;

/// Between two looks while the screen is open.
const AGAIN: Duration = Duration::from_secs(5);

/// As the links of a gateway and of this machine tell times and sizes.
struct Words(Units);

impl Words {
    fn of(connections: &Connections) -> Self {
        Self(Units::new(&connections.config().ui))
    }

    fn time(&self, time: Option<Timestamp>) -> String {
        time.map_or_else(|| "never".to_owned(), |time| self.0.time(time))
    }

    fn seconds(&self, seconds: i64) -> String {
        self.time(Timestamp::from_second(seconds).ok())
    }

    fn bytes(&self, bytes: i64) -> String {
        self.0.size(u64::try_from(bytes).unwrap_or(0))
    }
}

/// Makes protected links, one after the other, until one cannot be made.
async fn share(connections: &Connections, orders: Vec<Order>) -> (Vec<Made>, Option<Error>) {
    let mut done = Vec::with_capacity(orders.len());
    for order in orders {
        match make(connections, order).await {
            Ok(made) => done.push(made),
            Err(error) => return (done, Some(error)),
        }
    }
    (done, None)
}

async fn make(connections: &Connections, order: Order) -> Result<Made> {
    let client = Client::new(&connections.config()).await?;
    let (what, url, password, until, warning) = match order {
        Order::Share(request) => {
            let made = client.create_share(&request).await?;
            (request.locations.join(", "), made.url, request.password, made.expires, String::new())
        }
        Order::Drop(request) => {
            let made = client.create_drop(&request).await?;
            (request.location, made.url, request.password, made.expires, made.warning)
        }
    };
    let words = format!("until {}", Words::of(connections).seconds(until));
    Ok(Made { what, url, password: password.map(|Password(text)| text), words, warning })
}

/// Everything; what could not be asked is told beside it.
async fn list(connections: &Connections) -> (Vec<Given>, Vec<Error>) {
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    match gateway(connections).await {
        Ok(found) => rows.extend(found),
        // Who has no gateway need not be told so each time.
        Err(error) if error.kind() == Kind::NotFound => {}
        Err(error) => failed.push(error),
    }
    match local(connections).await {
        Ok(found) => rows.extend(found),
        Err(error) => failed.push(error),
    }
    (rows, failed)
}

async fn gateway(connections: &Connections) -> Result<Vec<Given>> {
    let words = Words::of(connections);
    let client = Client::new(&connections.config()).await?;
    let mut rows = Vec::new();
    for share in client.shares().await? {
        let count = share.max.map_or_else(|| share.used.to_string(), |max| format!("{}/{max}", share.used));
        let note = if share.note.is_empty() { String::new() } else { format!("  ({})", share.note) };
        rows.push(Given {
            sort: Sort::Share,
            id: share.id,
            state: share.state,
            count,
            until: words.seconds(share.expires),
            what: format!("{}{note}", share.name),
            place: None,
            standing: None,
        });
    }
    for link in client.drops().await? {
        rows.push(Given {
            sort: Sort::Drop,
            id: link.id,
            state: link.state,
            count: format!("{}, {}", link.files, words.bytes(link.bytes)),
            until: words.seconds(link.expires),
            what: link.location,
            place: None,
            standing: None,
        });
    }
    Ok(rows)
}

async fn local(connections: &Connections) -> Result<Vec<Given>> {
    let words = Words::of(connections);
    let paths = connections.config().paths.clone();
    let (links, kits) = blocking(move || Ok((Log::new(&paths).read()?, Kits::new(&paths).read()?))).await?;
    let now = Timestamp::now();
    let state = |is_over: bool| if is_over { "ended" } else { "open" }.to_owned();
    let mut rows = Vec::new();
    for kit in kits {
        let (count, standing) = match kit::arrived(connections, &kit).await {
            Ok(arrived) => {
                let standing = if arrived.missing.is_empty() { Standing::Arrived } else { Standing::Waiting };
                (format!("{}/{} parts", arrived.parts.len(), kit.parts()), Some(standing))
            }
            Err(error) if error.kind() == Kind::NotFound => (String::new(), Some(Standing::Gone)),
            Err(_) => ("?".to_owned(), None),
        };
        rows.push(Given {
            sort: Sort::Kit,
            id: kit.id.clone(),
            state: state(kit.until <= now),
            count,
            until: words.time(Some(kit.until)),
            what: kit.target.to_string(),
            place: Some(kit.target),
            standing,
        });
    }
    for link in &links {
        rows.push(Given {
            sort: Sort::Link,
            id: link.id.clone(),
            state: state(link.is_over(now)),
            count: link.method.name().to_owned(),
            until: words.time(link.until),
            what: link.target.to_string(),
            place: Some(link.target.clone()),
            standing: None,
        });
    }
    Ok(rows)
}

/// The address of one, once more.
async fn copy(connections: &Connections, given: &Given) -> Result<String> {
    let id = given.id.clone();
    match given.sort {
        Sort::Share => Ok(Client::new(&connections.config()).await?.share(&id).await?.url),
        Sort::Drop => Ok(Client::new(&connections.config()).await?.drop_link(&id).await?.url),
        Sort::Kit => {
            Err(Error::new(Kind::Unsupported, "the addresses of a kit are in the files that were made of it"))
        }
        Sort::Link => {
            let paths = connections.config().paths.clone();
            let known = blocking(move || Log::new(&paths).read()).await?;
            let link = known.iter().find(|link| link.id == id).ok_or_else(|| gone(given))?;
            let request = link.again(Timestamp::now())?;
            Ok(links::create(connections, &request).await?.url)
        }
    }
}

fn gone(given: &Given) -> Error {
    Error::new(Kind::NotFound, format!("{} is not known any more", given.id))
}

async fn end(connections: &Connections, given: &Given) -> Result<()> {
    let id = given.id.clone();
    let paths = connections.config().paths.clone();
    match given.sort {
        Sort::Share => Client::new(&connections.config()).await?.revoke(&id).await.map(drop),
        Sort::Drop => Client::new(&connections.config()).await?.close_drop(&id).await.map(drop),
        Sort::Link => blocking(move || Log::new(&paths).forget(|link| link.id == id)).await.map(drop),
        Sort::Kit => {
            let kit = blocking(move || Kits::new(&paths).get(&id)).await?;
            kit::abort(connections, &kit).await
        }
    }
}

/// How the objects of these links stand; what cannot be asked is left out.
async fn check(connections: &Connections, ids: Vec<String>) -> Vec<(String, Standing)> {
    let paths = connections.config().paths.clone();
    let mut known = blocking(move || Log::new(&paths).read()).await.unwrap_or_default();
    known.retain(|link| ids.contains(&link.id));
    let standings = links::standings(connections, &known).await;
    known.into_iter().zip(standings).filter_map(|(link, standing)| Some((link.id, standing.ok()?))).collect()
}

/// Makes an upload kit: what it is, in lines.
async fn kit(connections: &Connections, request: &KitRequest, folder: PathBuf) -> Result<Vec<String>> {
    let made =
        kit::make(connections, request, |kit, urls| kit::write(&expand_home(&folder), kit, urls)).await?;
    let (kit, files) = made;
    let words = Words::of(connections);
    let mut lines = vec![
        format!(
            "{}: {} in {} parts, until {}",
            kit.target,
            words.0.size(kit.size),
            kit.parts(),
            words.time(Some(kit.until))
        ),
        "Whoever has one of these files can send it, without keys of their own:".to_owned(),
    ];
    lines.extend(files.iter().map(|file| format!("  {}", file.display())));
    lines.push("X shows how much has arrived; f there makes the object once all of it has.".to_owned());
    Ok(lines)
}

/// Makes the object of a kit, which is none any more then.
async fn finish(connections: &Connections, given: &Given) -> Result<()> {
    let (kits, id) = (Kits::new(&connections.config().paths), given.id.clone());
    let kit = blocking(move || kits.get(&id)).await?;
    kit::finish(connections, &kit).await
}

/// What is known of a presigned link or a kit, and what can be done about it.
fn presigned(given: &Given) -> Vec<String> {
    let standing = match given.standing {
        Some(Standing::Changed) => "The object was replaced since: the link leads to what is there now.",
        Some(Standing::Gone) => "What it leads to is not there any more.",
        Some(Standing::Waiting) if given.sort == Sort::Kit => {
            "Parts are missing; the sender goes on with the same files."
        }
        Some(Standing::Arrived) if given.sort == Sort::Kit => "Every part has arrived: f makes the object.",
        Some(Standing::Waiting) => "Nothing has come by it yet.",
        Some(Standing::Arrived) => "Something was stored there since the link was made.",
        Some(Standing::Same) => "The object is what it was.",
        None => "Whether its object is still what it was is not known.",
    };
    let ending = match given.sort {
        Sort::Kit => {
            "d aborts it: what has arrived is thrown away and its URLs are worth nothing then.".to_owned()
        }
        _ => format!("To end it early: {REVOKE}. o goes to the object."),
    };
    vec![
        given.what.clone(),
        format!("{}, until {}", given.count, given.until),
        standing.to_owned(),
        String::new(),
        ending,
    ]
}

/// What happened to one, in lines.
async fn events(connections: &Connections, given: &Given) -> Result<Vec<String>> {
    let is_drop = given.sort == Sort::Drop;
    if !is_drop && given.sort != Sort::Share {
        return Ok(presigned(given));
    }
    let client = Client::new(&connections.config()).await?;
    let words = Words::of(connections);
    let mut lines = if is_drop {
        let link = client.drop_link(&given.id).await?;
        let file = |file: &crate::gateway::ArrivedView| {
            let state = if file.done { "arrived" } else { "coming" };
            format!("{state:7} {:>2$}  {}", words.bytes(file.size), file.location, words.0.width())
        };
        std::iter::once(link.url.clone()).chain(link.arrived.iter().map(file)).collect::<Vec<_>>()
    } else {
        let share = client.share(&given.id).await?;
        std::iter::once(share.url.clone()).chain(share.locations).collect()
    };
    lines.push(String::new());
    for event in client.events(&given.id, is_drop).await? {
        lines.push(format!(
            "{} {:13} {:15} {}  {}",
            words.seconds(event.happened),
            event.kind,
            event.address,
            event.item,
            event.agent
        ));
    }
    Ok(lines)
}

/// Does what `effect` says.
pub(super) async fn run(connections: &Connections, effect: GivenEffect) -> GivenEvent {
    match effect {
        GivenEffect::FindGateway => GivenEvent::Gateway(Client::new(&connections.config()).await.map(drop)),
        GivenEffect::Make(orders) => {
            let (made, failed) = share(connections, orders).await;
            GivenEvent::Made(made, failed)
        }
        GivenEffect::List => {
            let (rows, failed) = list(connections).await;
            GivenEvent::Listed(rows, failed)
        }
        GivenEffect::Watch(number) => {
            tokio::time::sleep(AGAIN).await;
            let (rows, failed) = list(connections).await;
            GivenEvent::Watched(number, rows, failed)
        }
        GivenEffect::Check(ids) => GivenEvent::Checked(check(connections, ids).await),
        GivenEffect::Kit(request, folder) => GivenEvent::Kit(kit(connections, &request, folder).await),
        GivenEffect::Finish(given) => GivenEvent::Finished(finish(connections, &given).await.map(|()| given)),
        GivenEffect::Copy(given) => GivenEvent::Address(copy(connections, &given).await),
        GivenEffect::Show(given) => {
            GivenEvent::Events(events(connections, &given).await.map(|lines| (given, lines)))
        }
        GivenEffect::End(given) => GivenEvent::Ended(end(connections, &given).await.map(|()| given)),
        GivenEffect::Extend(given, expires_in, max) => {
            let request = ExtendRequest { expires_in, max };
            let extended =
                async { Client::new(&connections.config()).await?.extend(&given.id, &request).await };
            GivenEvent::Ended(extended.await.map(|_| given))
        }
    }
}
