//! The HTTPS host of an MTA-STS policy.

use std::sync::{Arc, Mutex};

use net::{ServerTls, TlsListener};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

/// It stops when dropped.
pub struct PolicyHost {
    pub port: u16,
    answer: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl PolicyHost {
    pub async fn start(tls: &ServerTls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut listener = TlsListener::new(listener, tls).unwrap();
        let (answer, asked) = (Arc::<Mutex<Option<String>>>::default(), Arc::<Mutex<usize>>::default());
        let (said, counted) = (answer.clone(), asked.clone());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await;
                let mut request = [0; 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let wanted = request[..length].starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n");
                *counted.lock().unwrap() += 1;
                let said = said.lock().unwrap().clone().filter(|_| wanted);
                let _ = stream.write_all(said.unwrap_or_default().as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, answer, asked, task }
    }

    /// Serves that policy from now on; `None` hangs up on everybody.
    pub fn serve(&self, policy: Option<&str>) {
        *self.answer.lock().unwrap() = policy.map(|policy| {
            let length = policy.len();
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{policy}")
        });
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl Drop for PolicyHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}
