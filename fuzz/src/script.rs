//! An input that is a conversation: octets as a peer sends them, and between them marks that no UTF-8 text holds.
//!
//! So a transcript is a good seed as it stands, and the fuzzer puts marks in by itself:
//! `FF` ends a packet, `FE n` says how the house answers its next question, `FD n` sends `n` packets full of `a` (255 in all),
//! `FC` ends the connection, `FB` makes time pass (a question that waits is answered).

use std::collections::VecDeque;

/// Octets of one packet of a flood.
pub const PACKET: usize = 4096;
/// Most packets of all floods of a script: more say nothing new, and an input full of `FD` would send gigabytes.
const FLOODED: u8 = 255;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer sends these octets at once.
    Packet(Vec<u8>),
    /// The peer sends so many packets without a line end.
    Flood(u8),
    /// The connection ends.
    End,
    /// Time passes.
    Time,
}

/// A whole conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What happens, in order.
    pub events: Vec<Event>,
    /// How the house answers its questions, in their order; 0 when none are left.
    pub answers: VecDeque<u8>,
}

impl Script {
    /// Reads a script; every sequence of octets is one.
    pub fn read(octets: &[u8]) -> Self {
        let mut script = Self { events: Vec::new(), answers: VecDeque::new() };
        let mut packet = Vec::new();
        let mut flooded = FLOODED;
        let mut rest = octets.iter().copied();
        while let Some(octet) = rest.next() {
            match octet {
                0xFF => script.packet(&mut packet),
                0xFE => script.answers.push_back(rest.next().unwrap_or(0)),
                0xFD => {
                    script.packet(&mut packet);
                    let packets = rest.next().unwrap_or(0).min(flooded);
                    flooded -= packets;
                    script.events.push(Event::Flood(packets));
                }
                0xFC | 0xFB => {
                    script.packet(&mut packet);
                    script.events.push(if octet == 0xFC { Event::End } else { Event::Time });
                }
                octet => packet.push(octet),
            }
        }
        script.packet(&mut packet);
        script
    }

    /// How the house answers its next question.
    pub fn answer(&mut self) -> u8 {
        self.answers.pop_front().unwrap_or(0)
    }

    /// Whether anything but octets happens that costs much.
    pub fn has_flood(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Flood(_)))
    }

    fn packet(&mut self, packet: &mut Vec<u8>) {
        if !packet.is_empty() {
            self.events.push(Event::Packet(std::mem::take(packet)));
        }
    }
}
