//! The dashboard's pages and the API's lists over a large store, at 50 requests a second, each beside a static page of the same
//! size that is asked for at the same rate in the same seconds.
//!
//! The store is made by `Store::open` and filled by one SQL text (`web/fill.sql`) through Python's sqlite3, since a million
//! messages by `Store::accept` would take most of an hour. It stays in the temporary folder for the next run.

mod load;
mod site;

use std::time::Duration;

use self::{
    load::{Asked, Times},
    site::Running,
};

/// Requests a second.
const RATE: u32 = 50;
/// How long each page is asked for.
const SECONDS: u32 = 5;
/// What the 99th percentile is to stay under, on two cores.
const AIM: Duration = Duration::from_millis(50);

/// A page, and for whom: an owner who sees all, or a tenant with 50 of 5,000 domains.
const OWNER: [&str; 26] = [
    "/",
    "/mailboxes",
    "/mailboxes?sort=newest",
    "/mailboxes?domain=d0042.example",
    "/mailboxes?state=suspended",
    "/mailboxes?state=at-cap",
    "/mailboxes?q=nora",
    "/mailboxes?q=tess959",
    "/domains",
    "/domains?q=d42",
    "/messages",
    "/messages?state=bounced",
    "/messages?domain=d0042.example",
    "/messages?q=p77%40r77.example",
    "/messages?q=order%20999999",
    "/queue",
    "/bounces",
    "/suppressions",
    "/suppressions?q=p7%40",
    "/blocklists",
    "/events",
    "/events?kind=inbound-refused",
    "/api/v1/domains?limit=50",
    "/api/v1/mailboxes?limit=50",
    "/api/v1/messages?limit=50",
    "/api/v1/queue?limit=50",
];

const TENANT: [&str; 8] = [
    "/",
    "/mailboxes",
    "/mailboxes?q=nora",
    "/messages",
    "/messages?state=bounced",
    "/queue",
    "/api/v1/mailboxes?limit=50",
    "/api/v1/messages?limit=50",
];

/// The figures of one page.
#[derive(serde::Serialize)]
struct Line {
    who: &'static str,
    path: &'static str,
    octets: usize,
    p50_ms: f64,
    p99_ms: f64,
    static_p50_ms: f64,
    static_p99_ms: f64,
    /// Of the 99th percentiles.
    ratio: f64,
}

/// Runs it; what it says, or why it could not.
pub fn run(json: bool) -> Result<String, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let lines = runtime.block_on(measure())?;
    match json {
        true => serde_json::to_string(&lines).map_err(|error| error.to_string()),
        false => Ok(table(&lines)),
    }
}

async fn measure() -> Result<Vec<Line>, String> {
    let site = Running::start().await?;
    let mut lines = Vec::new();
    let pages = OWNER.map(|path| ("owner", path, &site.owner)).into_iter();
    for (who, path, key) in pages.chain(TENANT.map(|path| ("tenant", path, &site.tenant))) {
        let asked = Asked { address: site.address, path: path.to_owned(), cookie: key.clone() };
        // The first answer finds nothing in memory; it is not among those that are timed.
        let octets = load::once(&asked).await.map_or(0, |answered| answered.octets);
        let twin = load::fixed(octets).await?;
        let still = Asked { address: twin, path: String::from("/"), cookie: String::new() };
        let (page, fixed) =
            tokio::join!(load::at(&asked, RATE, SECONDS, Duration::ZERO), load::at(&still, RATE, SECONDS, HALF));
        lines.push(line(who, path, octets, &page?, &fixed?));
    }
    Ok(lines)
}

/// The twin is asked for in the middle between two requests for the page.
const HALF: Duration = Duration::from_millis(10);

fn line(who: &'static str, path: &'static str, octets: usize, page: &Times, fixed: &Times) -> Line {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    Line {
        who,
        path,
        octets,
        p50_ms: ms(page.at(50)),
        p99_ms: ms(page.at(99)),
        static_p50_ms: ms(fixed.at(50)),
        static_p99_ms: ms(fixed.at(99)),
        ratio: page.at(99).as_secs_f64() / fixed.at(99).as_secs_f64().max(f64::MIN_POSITIVE),
    }
}

fn table(lines: &[Line]) -> String {
    let mut text = format!(
        "100,000 mailboxes, 5,000 domains, 1,000,000 messages, 5,000,000 events; {RATE} requests a second for {SECONDS} s each\n\
         {:<7}{:<36}{:>8}{:>9}{:>9}{:>12}{:>12}{:>8}\n",
        "who", "page", "octets", "p50 ms", "p99 ms", "static p50", "static p99", "ratio"
    );
    for line in lines {
        text.push_str(&format!(
            "{:<7}{:<36}{:>8}{:>9.1}{:>9.1}{:>12.1}{:>12.1}{:>8.1}\n",
            line.who,
            line.path,
            line.octets,
            line.p50_ms,
            line.p99_ms,
            line.static_p50_ms,
            line.static_p99_ms,
            line.ratio
        ));
    }
    let slow = lines.iter().filter(|line| line.p99_ms > AIM.as_secs_f64() * 1000.0).count();
    text.push_str(&format!("{slow} of {} pages have a 99th percentile above {} ms", lines.len(), AIM.as_millis()));
    text
}
