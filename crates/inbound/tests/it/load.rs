//! While something is short new mail is put off with the reply that fits, and is taken again when that is over.

use std::time::Duration;

use rules::load::{Marks, Reading};

use crate::{
    client::Client,
    house::{PASSWORD, house},
    mx::{RICK, greeted},
};

#[tokio::test]
async fn new_mail_is_put_off_with_the_reply_that_fits_what_is_short() {
    let house = house().await;
    let marks = Marks { memory: Some(100), disk: Some(100), commit: Some(Duration::from_millis(100)) };
    let well = Reading { memory: Some(1), disk: Some(1000), commit: Some(Duration::ZERO) };
    for (short, answer) in [
        (Reading { memory: Some(100), ..well }, "452 4.3.1"),
        (Reading { disk: Some(99), ..well }, "452 4.3.1"),
        (Reading { commit: Some(Duration::from_secs(1)), ..well }, "421 4.3.2"),
    ] {
        let mut peer = greeted(&house).await;
        let mut owner = Client::connect(house.submission).await;
        owner.log_in("ann@example.test", PASSWORD).await;
        // A message that is on its way already is taken.
        owner.expect("MAIL FROM:<ann@example.test>", "250").await;
        for _ in 0..3 {
            house.store.take_reading(&marks, &short).await;
        }
        owner.expect("RCPT TO:<bob@example.org>", "250").await;
        let refused = peer.expect(&format!("MAIL FROM:<{RICK}>"), answer).await;
        assert!(refused.contains("(see "), "{refused}");
        let mut late = Client::connect(house.submission).await;
        late.log_in("ann@example.test", PASSWORD).await;
        late.expect("MAIL FROM:<ann@example.test>", answer).await;
        for _ in 0..5 {
            house.store.take_reading(&marks, &well).await;
        }
        let reply = greeted(&house).await.send(RICK, &["ann@example.test"], &format!("From: {RICK}\r\n\r\nHi")).await;
        assert!(reply.starts_with("250 "), "{reply}");
    }
}
