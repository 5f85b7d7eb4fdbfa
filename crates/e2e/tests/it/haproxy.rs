//! HAProxy in front of us, speaking both versions of the PROXY protocol: who connects to it is who we see.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Stdio},
};

use crate::support::{House, free_port, tool, wait_for};

struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is said to these octets, until the server closes.
fn said_to(address: SocketAddr, octets: &str) -> String {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    let mut said = String::new();
    stream.read_line(&mut said).unwrap();
    stream.get_mut().write_all(octets.as_bytes()).unwrap();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn who_connects_to_haproxy_is_who_we_see() {
    // The proxy speaks from an address of its own; everybody else comes as they are.
    let mut house = House::start_with_listen("proxies = [\"127.0.5.1\"]\nproxy_protocol = true\n");
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (mx1, mx2, web) = (free_port(local), free_port(local), free_port(local));
    let back = |name: &str, address: SocketAddr, front: u16, how: &str| {
        format!("listen {name}\n    bind 127.0.0.1:{front}\n    server us {address} {how} source 127.0.5.1\n")
    };
    let config = format!(
        "defaults\n    mode tcp\n    timeout connect 10s\n    timeout client 60s\n    timeout server 60s\n{}{}{}",
        back("mx1", house.at("mx"), mx1, "send-proxy"),
        back("mx2", house.at("mx"), mx2, "send-proxy-v2"),
        back("web", house.at("http"), web, "send-proxy-v2"),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haproxy.cfg");
    fs::write(&path, config).unwrap();
    let child = tool("haproxy", "haproxy").arg("-db").arg("-f").arg(&path).stdout(Stdio::null()).spawn().unwrap();
    let _proxy = Proxy(child);
    wait_for("HAProxy", || TcpStream::connect((local, mx1)).ok());
    for (front, subject) in [(mx1, "version one"), (mx2, "version two")] {
        let letter = format!(
            "EHLO x.receiver.test\r\nMAIL FROM:<eve@receiver.test>\r\nRCPT TO:<ann@acme.test>\r\nDATA\r\n\
             From: eve@receiver.test\r\nSubject: {subject}\r\n\r\nHi\r\n.\r\nQUIT\r\n"
        );
        let said = said_to(SocketAddr::new(local, front), &letter);
        assert!(said.contains("250 2.0.0 Stored"), "{said}\n{}", house.log());
    }
    let mails = house.json(&["mail", "list", "--mailbox", "ann@acme.test"]);
    assert_eq!(mails.as_array().unwrap().len(), 2, "{mails}");
    for mail in mails.as_array().unwrap() {
        let content = house.run(&["mail", "show", mail["id"].as_str().unwrap()]).1;
        assert!(content.contains("[127.0.0.1]") && !content.contains("127.0.5.1"), "{content}");
    }
    let mut stream = TcpStream::connect((local, web)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Past the proxy a header is nothing but garbage.
    let said = said_to(house.at("mx"), "PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\nQUIT\r\n");
    assert!(said.contains("\r\n500 "), "{said}");
    house.kill();
}
