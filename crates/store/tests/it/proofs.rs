//! Pairing proofs: asked for, taken up, ended; where a mailbox stands; the mails of a proof.

use std::time::Duration;

use rules::{
    id::{MailboxId, ProofId},
    proof::{Outcome, Seen, Standing, State as Answer, Step},
};
use store::{Letter, Proof, ProofEnd, ProofReason, State, TestArrival, Verdict};
use syntax::Timestamp;

use crate::house::{House, MINUTE, NOON, Place, add_mailbox, address, settled};

crate::on_both_databases!(
    what_is_asked_for_comes_first_and_once,
    a_mailbox_is_due_in_a_moment_and_then_when_its_proof_says,
    a_failed_proof_stands_until_one_passes_or_an_operator_says_otherwise,
    a_proof_that_could_not_be_made_changes_nothing,
    the_message_of_a_proof_counts_for_nothing_and_goes_with_it,
    a_mail_of_a_proof_is_kept_once_and_while_it_is_under_way,
    a_message_under_way_is_removed_later,
    proofs_under_way_at_a_crash_are_taken_up_again,
);

const DAY: Duration = Duration::from_secs(86_400);

fn end(proof: &ProofId, states: &[(Step, Answer)], due_at: Timestamp) -> ProofEnd {
    let steps: Vec<Seen> = states.iter().map(|(step, state)| Seen::new(*step, *state, "seen\0", NOON)).collect();
    ProofEnd { proof: proof.clone(), outcome: rules::proof::outcome(&steps), steps, due_at }
}

async fn ask(house: &House, mailbox: &MailboxId) -> ProofId {
    house.store.request_proofs(std::slice::from_ref(mailbox)).await.unwrap().remove(0)
}

async fn take(house: &House) -> Vec<Proof> {
    house.store.take_proofs(10, false).await.unwrap()
}

/// A proof from its beginning to its end.
async fn prove(house: &House, states: &[(Step, Answer)]) -> ProofId {
    let id = ask(house, &house.ann.id).await;
    take(house).await;
    house.store.end_proof(end(&id, states, NOON + DAY)).await.unwrap();
    id
}

async fn standing(house: &House) -> Standing {
    house.store.proof_standing(&house.ann.id).await.unwrap()
}

async fn what_is_asked_for_comes_first_and_once(place: Place) {
    let house = House::at(place).await;
    let ben = add_mailbox(&house.store, "ben@example.com").await;
    house.clock.forward(MINUTE);
    let proofs = house.store.request_proofs(&[ben.id.clone(), ben.id.clone()]).await.unwrap();
    assert_eq!(proofs[0], proofs[1], "one under way at a time");
    assert!(house.store.has_proofs_to_make(false).await.unwrap());
    let taken = house.store.take_proofs(1, true).await.unwrap();
    assert_eq!((taken[0].id.clone(), taken[0].reason), (proofs[0].clone(), ProofReason::Demand));
    assert_eq!(taken[0].address, ben.address);
    let taken = house.store.take_proofs(5, true).await.unwrap();
    assert_eq!(taken.iter().map(|proof| &proof.mailbox).collect::<Vec<_>>(), [&house.ann.id], "ben's is under way");
    assert_eq!(ask(&house, &ben.id).await, proofs[0]);
    assert_eq!(house.store.request_proofs(&[MailboxId("x".into())]).await.unwrap_err().code, "mailbox.unknown");
}

async fn a_mailbox_is_due_in_a_moment_and_then_when_its_proof_says(place: Place) {
    let house = House::at(place).await;
    assert!(!house.store.has_proofs_to_make(true).await.unwrap(), "not yet");
    house.clock.forward(MINUTE);
    assert!(house.store.has_proofs_to_make(true).await.unwrap());
    assert!(!house.store.has_proofs_to_make(false).await.unwrap(), "nobody asked for it");
    let taken = house.store.take_proofs(5, true).await.unwrap().remove(0);
    assert_eq!(taken.reason, ProofReason::Schedule);
    house.store.end_proof(end(&taken.id, &[(Step::Reply, Answer::Ok)], NOON + DAY)).await.unwrap();
    assert!(house.store.take_proofs(5, true).await.unwrap().is_empty());
    house.clock.forward(DAY);
    house.store.set_suspended(&house.ann.id, true).await.unwrap();
    assert!(house.store.take_proofs(5, true).await.unwrap().is_empty(), "a suspended mailbox is left alone");
    house.store.set_suspended(&house.ann.id, false).await.unwrap();
    assert_eq!(house.store.take_proofs(5, true).await.unwrap().len(), 1);
}

async fn a_failed_proof_stands_until_one_passes_or_an_operator_says_otherwise(place: Place) {
    let house = House::at(place).await;
    assert_eq!(standing(&house).await, Standing::default());
    let from = house.store.last_event().await.unwrap();
    let failed = [(Step::Mx, Answer::Ok), (Step::Reply, Answer::Bad), (Step::Roles, Answer::Bad)];
    prove(&house, &failed).await;
    prove(&house, &failed).await;
    assert_eq!(standing(&house).await, Standing { passed: Some(false), finding: Some(Step::Reply), overridden: false });
    assert_eq!(house.kinds_after(from).await, ["mailbox-proof-failed"], "told when it is news");
    house.store.override_proof(&house.ann.id, "olga", "moving").await.unwrap();
    prove(&house, &failed).await;
    assert!(standing(&house).await.overridden, "it holds until one passes");
    let audit = house.store.audits(None, None, 5).await.unwrap().remove(0);
    assert_eq!((audit.who.as_str(), audit.what.as_str()), ("olga", "mailbox.override-proof"));
    assert!(audit.about.contains("ann@example.com: moving"), "{audit:?}");
    let passed = prove(&house, &[(Step::Reply, Answer::Ok)]).await;
    assert_eq!(standing(&house).await, Standing { passed: Some(true), finding: None, overridden: false });
    assert_eq!(house.kinds_after(from).await, ["mailbox-proof-failed", "mailbox-proof-passed"]);
    let pairing =
        house.store.pairings(std::slice::from_ref(&house.ann.id)).await.unwrap().remove(&house.ann.id).unwrap();
    assert_eq!((pairing.last.as_ref().unwrap().id.clone(), pairing.open.clone()), (passed, None));
    assert_eq!((pairing.passed, pairing.due_at), (Some(true), NOON + DAY));
    let history = house.store.proofs(&house.ann.id, 10).await.unwrap();
    assert_eq!(history.len(), 4);
    assert_eq!(history[1].steps[1].entry.as_deref(), Some(Step::Reply.entry()));
    assert_eq!((history[1].outcome, history[1].finding), (Some(Outcome::Failed), Some(Step::Reply)));
}

async fn a_proof_that_could_not_be_made_changes_nothing(place: Place) {
    let house = House::at(place).await;
    prove(&house, &[(Step::Reply, Answer::Bad)]).await;
    let from = house.store.last_event().await.unwrap();
    prove(&house, &[(Step::Submission, Answer::Unknown)]).await;
    assert_eq!(standing(&house).await.passed, Some(false), "not known is not passed");
    assert_eq!(house.kinds_after(from).await, Vec::<String>::new());
}

async fn the_message_of_a_proof_counts_for_nothing_and_goes_with_it(place: Place) {
    let house = House::at(place).await;
    let proof = ask(&house, &house.ann.id).await;
    let from = house.store.last_event().await.unwrap();
    let message = house.store.accept_for_proof(house.message(&["proof-x@example.com"]), &proof).await.unwrap();
    assert_eq!(house.store.message_of_proof(&proof).await.unwrap(), Some(message.clone()));
    assert_eq!(house.store.submitter(&house.ann.id, NOON).await.unwrap().unwrap().accepted, 0);
    assert_eq!(house.kinds_after(from).await, Vec::<String>::new());
    let recipient = house.store.message(&message).await.unwrap().unwrap().recipients[0].id.clone();
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Delivered)]).await.unwrap();
    assert_eq!(house.kinds_after(from).await, Vec::<String>::new(), "what becomes of it is no news");
    house.store.suppress(&address("proof-x@example.com"), "550-5-1-1").await.unwrap();
    house.store.suppress(&address("bob@example.net"), "550-5-1-1").await.unwrap();
    house.store.end_proof(end(&proof, &[(Step::Reply, Answer::Ok)], NOON + DAY)).await.unwrap();
    assert!(house.store.message(&message).await.unwrap().is_none());
    assert!(house.store.recipient(&recipient).await.unwrap().is_none());
    assert!(house.store.attempts(&recipient).await.unwrap().is_empty());
    assert!(house.store.suppression(&address("proof-x@example.com")).await.unwrap().is_none());
    assert!(house.store.suppression(&address("bob@example.net")).await.unwrap().is_some(), "nobody else is forgotten");
}

fn letter(mailbox: Option<MailboxId>) -> Letter {
    let arrival = TestArrival {
        at: NOON,
        peer: [192, 0, 2, 1].into(),
        helo: "a\0b".into(),
        tls: true,
        reverse_path: Some(address("proof-x@example.com")),
    };
    Letter { arrival, mailbox, verdicts: Some("{}".into()), content: b"one\0\r\n".to_vec() }
}

async fn a_mail_of_a_proof_is_kept_once_and_while_it_is_under_way(place: Place) {
    let house = House::at(place).await;
    let proof = ask(&house, &house.ann.id).await;
    let whom = address("proof-x@example.com");
    let ids = ["out@example.com".to_owned(), "back@example.com".to_owned()];
    house.store.expect_letters(&proof, &whom, &ids).await.unwrap();
    assert_eq!(house.store.proof_of_correspondent(&address("PROOF-X@example.com")).await.unwrap(), Some(proof.clone()));
    assert!(house.store.is_expected_letter("out@example.com").await.unwrap());
    assert!(!house.store.is_expected_letter("other\0@example.com").await.unwrap());
    assert!(house.store.letter("back@example.com").await.unwrap().is_none(), "it has not arrived");
    assert!(house.store.keep_letter("back@example.com", letter(Some(house.ann.id.clone()))).await.unwrap());
    assert!(!house.store.keep_letter("back@example.com", letter(None)).await.unwrap(), "the first copy counts");
    let kept = house.store.letter("back@example.com").await.unwrap().unwrap();
    assert_eq!((kept.mailbox, kept.content), (Some(house.ann.id.clone()), b"one\0\r\n".to_vec()));
    house.store.end_proof(end(&proof, &[(Step::Reply, Answer::Ok)], NOON + DAY)).await.unwrap();
    assert!(!house.store.is_expected_letter("out@example.com").await.unwrap());
    assert_eq!(house.store.proof_of_correspondent(&whom).await.unwrap(), None);
    assert!(house.store.letter("back@example.com").await.unwrap().is_none());
}

async fn a_message_under_way_is_removed_later(place: Place) {
    let house = House::at(place).await;
    let proof = ask(&house, &house.ann.id).await;
    let message = house.store.accept_for_proof(house.message(&["proof-x@example.com"]), &proof).await.unwrap();
    let recipient = house.store.message(&message).await.unwrap().unwrap().recipients[0].id.clone();
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.end_proof(end(&proof, &[(Step::Delivery, Answer::Unknown)], NOON + DAY)).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Sending);
    assert_eq!(house.store.sweep_proofs().await.unwrap(), 0);
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Deferred(NOON + MINUTE))]).await.unwrap();
    assert_eq!(house.store.sweep_proofs().await.unwrap(), 1);
    assert!(house.store.message(&message).await.unwrap().is_none());
}

async fn proofs_under_way_at_a_crash_are_taken_up_again(place: Place) {
    let house = House::at(place).await;
    let proof = ask(&house, &house.ann.id).await;
    assert_eq!(take(&house).await.len(), 1);
    assert!(take(&house).await.is_empty());
    assert_eq!(house.store.recover_proofs().await.unwrap(), 1);
    assert_eq!(take(&house).await[0].id, proof);
}
