//! The one HTTP client of the program: for services that people sign in with, news of versions, and itself.
//!
//! Used by `auth::oauth2` and the command line. What it is told to call comes from the configuration or from that of
//! collections, which only superusers write, so addresses of the own machine or network are fine. Invariants: no
//! answer is larger than [`OUTBOUND_BODY_MAX_BYTES`], no request lasts longer than [`OUTBOUND_TIMEOUT_SECONDS`], and no
//! redirect is followed: it would carry tokens to wherever it leads. Proxies of the environment don't take part.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method};

use crate::base::limits::{OUTBOUND_BODY_MAX_BYTES, OUTBOUND_TIMEOUT_SECONDS};
use crate::base::tls;

/// Longest reason of a failure, in characters.
const REASON_MAX_CHARS: usize = 300;

/// The client. It is made at its first use, because reading the machine's certificates takes a moment.
pub struct Http {
    client: OnceLock<Option<Client>>,
    timeout: Duration,
}

/// A request.
pub struct Call {
    /// In full.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What to send by POST; without it the request is a GET.
    pub body: Option<Vec<u8>>,
}

/// An answer, whatever its status.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer; for the log.
#[derive(Debug)]
pub struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// A failure with its reason, of which only what fits on a line of the log is kept: parts of it may be what
    /// somebody else's server has answered.
    pub fn new(reason: impl AsRef<str>) -> Failure {
        Failure(reason.as_ref().chars().filter(|c| !c.is_control()).take(REASON_MAX_CHARS).collect())
    }
}

impl Reply {
    /// Whether the status says that it worked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Default for Http {
    fn default() -> Http {
        Http { client: OnceLock::new(), timeout: Duration::from_secs(OUTBOUND_TIMEOUT_SECONDS) }
    }
}

impl Http {
    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// No connection, an answer that is too large or too slow, an address that isn't one. The reason never has the
    /// address in it, whose query may be secret.
    pub async fn send(&self, call: Call) -> Result<Reply, Failure> {
        let client = self.client.get_or_init(|| client(self.timeout));
        let client = client.as_ref().ok_or_else(|| Failure::new("TLS can't be set up"))?;
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method, &call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > OUTBOUND_BODY_MAX_BYTES {
                return Err(Failure::new("the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    Failure::new(text)
}

fn client(timeout: Duration) -> Option<Client> {
    let made = Client::builder()
        .tls_backend_preconfigured(tls::client_config()?)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("holdall/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .build();
    made.ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const ENDLESS: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";

    /// The address of a server that reads one request, sends `head`, and then `more` as often as somebody listens.
    async fn server(head: &'static str, more: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while !more.is_empty() && stream.write_all(more).await.is_ok() {}
            // Open until the other side hangs up.
            let _ = stream.read(&mut request).await;
        });
        format!("http://{address}/?token=secret")
    }

    async fn get(http: &Http, url: String) -> Result<Reply, Failure> {
        http.send(Call { url, headers: Vec::new(), body: None }).await
    }

    #[tokio::test]
    async fn answers_without_end_are_cut_off() {
        let url = server(ENDLESS, &[b' '; 65_536]).await;
        let failure = get(&Http::default(), url).await.err().expect("it is too large");
        assert_eq!(failure.to_string(), "the answer is too large");
    }

    #[tokio::test]
    async fn whoever_does_not_answer_is_not_waited_for() {
        for head in ["", ENDLESS] {
            let http = Http { timeout: Duration::from_millis(50), ..Http::default() };
            let failure = get(&http, server(head, b"").await).await.err().expect("it takes too long");
            assert!(!failure.to_string().contains("secret"), "{failure}");
        }
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let url = server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", b"").await;
        let reply = get(&Http::default(), url).await.expect("it is an answer");
        assert!(reply.status == 302 && !reply.is_success());
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        for url in ["", "x", "ftp://127.0.0.1/", "file:///etc/passwd", "http://"] {
            assert!(get(&Http::default(), url.to_owned()).await.is_err(), "{url}");
        }
    }
}
