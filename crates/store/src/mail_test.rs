//! One-time addresses: a message that is mailed to one is tested, and lies in no mailbox.

use std::{net::IpAddr, time::Duration};

use rules::{Fault, id::MailTestId};
use syntax::{Address, Timestamp};

use crate::{
    Store,
    row::{Row, free_text, sql, stored},
};

/// How long a test is kept after its address has expired.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A one-time address.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailTest {
    /// Id.
    pub id: MailTestId,
    /// Where the message is to be mailed.
    pub address: Address,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it takes a message.
    pub expires_at: Timestamp,
    /// How the message came, once it is there.
    pub arrived: Option<TestArrival>,
}

/// How a message came to a one-time address.
#[derive(Debug, Clone, serde::Serialize)]
pub struct TestArrival {
    /// When.
    pub at: Timestamp,
    /// Who brought it.
    pub peer: IpAddr,
    /// Its HELO or EHLO argument.
    pub helo: String,
    /// Over TLS.
    pub tls: bool,
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
}

impl Store {
    /// Makes a one-time address; tests that ended long ago are forgotten.
    ///
    /// # Errors
    /// `store.*`
    pub async fn new_mail_test(&self, address: &Address, expires_at: Timestamp) -> Result<MailTest, Fault> {
        let address = address.clone();
        self.write("make a one-time address", move |tx| {
            Box::pin(async move {
                let test = MailTest { id: MailTestId(tx.id()), address, created_at: tx.now, expires_at, arrived: None };
                tx.run(sql("DELETE FROM mail_test WHERE expires_at < $1").bind((tx.now - KEPT).micros())).await?;
                let insert = sql("INSERT INTO mail_test (id, address, address_key, created_at, expires_at) \
                                  VALUES ($1, $2, $3, $4, $5)")
                .bind(test.id.0.clone())
                .bind(test.address.to_string())
                .bind(test.address.key())
                .bind(test.created_at.micros())
                .bind(test.expires_at.micros());
                tx.run(insert).await?;
                Ok(test)
            })
        })
        .await
    }

    /// The test of that id.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_test(&self, id: &MailTestId) -> Result<Option<MailTest>, Fault> {
        let of_id = sql("SELECT * FROM mail_test WHERE id = $1").bind(id.0.clone());
        self.row("read a mail test", of_id).await?.as_ref().map(read).transpose()
    }

    /// The test whose address this is, while it still waits for its message.
    ///
    /// # Errors
    /// `store.*`
    pub async fn waiting_mail_test(&self, address: &Address) -> Result<Option<MailTestId>, Fault> {
        let of_key = sql("SELECT id FROM mail_test WHERE address_key = $1 AND arrived_at IS NULL AND expires_at > $2")
            .bind(address.key())
            .bind(self.clock().now().micros());
        let row = self.row("look for a one-time address", of_key).await?;
        row.map(|row| row.text("id").map(MailTestId)).transpose()
    }

    /// Keeps the message that came; false when one was there already.
    ///
    /// # Errors
    /// `store.*`
    pub async fn keep_mail_test(&self, id: &MailTestId, arrival: TestArrival, content: &[u8]) -> Result<bool, Fault> {
        let update = sql("UPDATE mail_test SET arrived_at = $2, peer = $3, helo = $4, tls = $5, reverse_path = $6, \
                          content = $7 WHERE id = $1 AND arrived_at IS NULL")
        .bind(id.0.clone())
        .bind(arrival.at.micros())
        .bind(arrival.peer.to_string())
        .bind(free_text(&arrival.helo))
        .bind(i64::from(arrival.tls))
        .bind(stored(&arrival.reverse_path))
        .bind(content.to_vec());
        self.write("keep a tested message", |tx| Box::pin(async move { tx.run(update).await.map(|rows| rows > 0) }))
            .await
    }

    /// The message that came.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_test_content(&self, id: &MailTestId) -> Result<Option<Vec<u8>>, Fault> {
        let of_id = sql("SELECT content FROM mail_test WHERE id = $1 AND arrived_at IS NOT NULL").bind(id.0.clone());
        self.row("read a tested message", of_id).await?.map(|row| row.octets("content")).transpose()
    }
}

fn read(row: &Row) -> Result<MailTest, Fault> {
    let arrived = match row.moment_or_none("arrived_at")? {
        None => None,
        Some(at) => Some(TestArrival {
            at,
            peer: row.parsed("peer")?,
            helo: row.text("helo")?,
            tls: row.flag("tls")?,
            reverse_path: row.parsed_or_none("reverse_path")?,
        }),
    };
    Ok(MailTest {
        id: MailTestId(row.text("id")?),
        address: row.parsed("address")?,
        created_at: row.moment("created_at")?,
        expires_at: row.moment("expires_at")?,
        arrived,
    })
}
