//! Sockets: listen, dial, bind a source IP, TLS, drive a core.

mod acme;
mod chosen;
mod dane;
mod dial;
mod drive;
mod fetch;
mod post;
mod proxied;
mod serve;
mod stop;
mod tls;
mod tls_listener;
mod transcript;
mod witness;

pub use acme::{Acme, AcmeAccount, Answers, Challenge, Issued, Lookup, Proof, Refused};
pub use chosen::Look;
pub use dial::{Dial, dial};
pub use drive::{Drive, Ended, House, Socket, drive, drive_logged};
pub use fetch::{Fetch, Fetched, fetch};
pub use post::{Post, Posted, get, post};
pub use proxied::{Met, ProxiedListener, Proxies};
pub use serve::{Limits, serve, serve_behind};
pub use stop::{Stop, Stopper};
pub use tls::{ClientTls, ServerTls, certificates};
pub use tls_listener::{TlsListener, TlsStream};
pub use transcript::{Log, Transcript};
pub use witness::{Certificate, Witness, read_certificate};
