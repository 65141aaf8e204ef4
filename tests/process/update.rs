//! `holdall update check`, by a file and by an address, with and without a signature.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::server::{Ended, holdall, program, run};

fn manifest(version: &str) -> String {
    format!(r#"{{"format":"holdall-release","version":"{version}","date":"2030-01-01","notes":"","files":{{}}}}"#)
}

fn check(data: &Path, from: &str, key: &str) -> Ended {
    let mut command = program(data);
    command.args(["update", "check"]).env("HOLDALL_UPDATE_MANIFEST", from).env("HOLDALL_UPDATE_KEY", key);
    run(&mut command)
}

/// Answers each request with the text that belongs to its path, and with 404 for others.
fn serve(pages: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody comes");
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).expect("it can be read");
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let found = pages.iter().find(|(known, _)| *known == path);
            let (status, body) = found.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // Whoever asked may have gone.
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn the_exit_status_tells_whether_there_is_a_newer_version() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let file = folder.path().join("release.json");
    let path = file.to_str().expect("UTF-8");
    for (version, status, said) in [
        ("99.0.0", 3, "Holdall 99.0.0 is there"),
        (env!("CARGO_PKG_VERSION"), 0, "is up to date"),
        ("0.0.1", 0, "is up to date"),
    ] {
        fs::write(&file, manifest(version)).expect("it can be written");
        let ended = check(&data, path, "");
        assert_eq!(ended.status.code(), Some(status), "{ended:?}");
        assert!(ended.stdout.contains(said), "{ended:?}");
    }
    for text in ["", "{}", "<html>"] {
        fs::write(&file, text).expect("it can be written");
        assert_eq!(check(&data, path, "").status.code(), Some(1));
    }
    fs::remove_file(&file).expect("it is there");
    assert!(check(&data, path, "").failed().contains("can't be read"));
    assert!(holdall(&data, &["update", "check"]).failed().contains("Nobody is asked"));
    assert!(!data.exists(), "it is about the program, not about data");
}

#[test]
fn an_address_is_asked_and_its_signature_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let key = STANDARD.encode(pair.public_key().as_ref());
    let text = manifest("99.0.0");
    let signature = STANDARD.encode(pair.sign(text.as_bytes()).as_ref());
    let url = serve(vec![
        ("/signed.json", text.clone()),
        ("/signed.json.sig", signature.clone()),
        ("/altered.json", manifest("98.0.0")),
        ("/altered.json.sig", signature),
        ("/unsigned.json", text),
    ]);
    assert_eq!(check(&data, &format!("{url}/signed.json"), &key).status.code(), Some(3));
    assert_eq!(check(&data, &format!("{url}/unsigned.json"), "").status.code(), Some(3), "no key asks for none");
    let altered = check(&data, &format!("{url}/altered.json"), &key).failed();
    assert!(altered.contains("aren't signed"), "{altered}");
    let unsigned = check(&data, &format!("{url}/unsigned.json"), &key).failed();
    assert!(unsigned.contains("404"), "{unsigned}");
    assert!(check(&data, &format!("{url}/nothing"), "").failed().contains("404"));
    assert!(check(&data, "http://127.0.0.1:1/release.json", "").failed().contains("can't be asked"));
}
