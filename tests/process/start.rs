//! Starting and stopping: the data folder, what is printed, the first superuser, the demo.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::http::{Client, Reply, escape};
use super::server::{EMAIL, PASSWORD, Server, claim, contents, holdall, open_collection, program, run};

fn new_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("holdall_data");
    (folder, data)
}

/// Sends the form of the set-up page.
fn send_form(client: &mut Client, path: &str, email: &str, password: &str, again: &str) -> Reply {
    let (email, password, again) = (escape(email), escape(password), escape(again));
    let form = format!("email={email}&password={password}&passwordConfirm={again}");
    client.send("POST", path, Some(("application/x-www-form-urlencoded", form.as_bytes()))).expect("it can be sent");
    client.read_reply(false).expect("it is answered")
}

fn superusers(data: &Path) -> String {
    holdall(data, &["superuser", "list"]).ok()
}

#[test]
fn the_first_start_makes_the_folder_and_says_where_everything_is() {
    let (folder, data) = new_folder();
    // Without any setting, the folder is the one in the working directory.
    let server = Server::start_with(&data, |command| {
        command.env_remove("HOLDALL_DATA_DIR");
    });
    for name in ["data.db", "logs.db"] {
        assert!(data.join(name).is_file(), "{name} is missing");
    }
    for name in ["storage", "backups"] {
        assert!(data.join(name).is_dir(), "{name} is missing");
    }
    let mode = fs::metadata(&data).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
    let printed = server.printed();
    let url = format!("http://{}", server.address);
    for part in [&format!("{url}/api/"), &format!("{url}/"), data.to_str().expect("UTF-8"), env!("CARGO_PKG_VERSION")] {
        assert!(printed.contains(part), "{part} is missing: {printed}");
    }
    let (status, _) = server.terminate();
    assert_eq!(status.code(), Some(0));
    // What SQLite keeps beside its files while they are in use is gone, so that the folder can simply be copied.
    let left: Vec<String> = contents(&data).into_keys().collect();
    let locks = [".lock", "backups/.files", "backups/.lock"];
    assert!(locks.iter().all(|lock| contents(&data)[*lock].is_empty()));
    let left: Vec<&String> = left.iter().filter(|name| !locks.contains(&name.as_str())).collect();
    assert_eq!(left, ["backups/", "data.db", "logs.db", "storage/", "uploads/"]);
    drop(folder);
}

#[test]
fn the_set_up_link_works_once() {
    let (_folder, data) = new_folder();
    let mut server = Server::start(&data);
    let link = server.setup_path();
    let mut client = server.client();

    // Strangers don't know the token, and an almost right one is as wrong as any.
    let almost = format!("{}x", &link[..link.len() - 1]);
    for wrong in ["/_/setup/abc", "/_/setup/%00", &almost, &format!("{link}a"), &link[..link.len() - 1]] {
        assert_eq!(client.get(wrong).status, 404, "{wrong}");
        assert_eq!(send_form(&mut client, wrong, EMAIL, PASSWORD, PASSWORD).status, 404, "{wrong}");
    }
    assert_eq!(superusers(&data), "");

    let page = client.get(&link);
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")), "{}", page.text());
    assert!(page.text().contains("<form"), "{}", page.text());
    assert_eq!(page.header("Referrer-Policy"), Some("same-origin"));

    // What isn't acceptable is shown beside its field, and the link goes on working.
    for (email, password, again) in [
        ("", PASSWORD, PASSWORD),
        ("no address", PASSWORD, PASSWORD),
        (EMAIL, "short", "short"),
        (EMAIL, PASSWORD, "b"),
    ] {
        let page = send_form(&mut client, &link, email, password, again);
        assert_eq!(page.status, 400, "{email} {password}");
        assert!(page.text().contains("class=\"problem\""), "{}", page.text());
        assert!(!page.text().contains(PASSWORD));
    }
    let json = json!({"email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD});
    assert!(matches!(client.post(&link, &json).status, 400 | 404 | 415));
    assert_eq!(superusers(&data), "");

    assert_eq!(send_form(&mut client, &link, EMAIL, PASSWORD, PASSWORD).status, 303);
    assert!(server.token(EMAIL, PASSWORD).is_some());
    assert_eq!(client.get(&link).status, 404);
    assert_eq!(send_form(&mut client, &link, "eve@example.com", PASSWORD, PASSWORD).status, 404);
    assert_eq!(superusers(&data), format!("{EMAIL}\n"));
    server.expect_alive();

    // Not even a restart makes a new one.
    server.kill();
    let server = Server::start(&data);
    let mut client = server.client();
    assert_eq!(client.get(&link).status, 404);
    assert!(!server.printed().contains("setup"), "{}", server.printed());
}

#[test]
fn of_many_who_use_the_link_at_once_one_becomes_superuser() {
    let (_folder, data) = new_folder();
    let server = Server::start(&data);
    let link = server.setup_path();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (mut client, link) = (server.client(), link.clone());
            let send =
                move || send_form(&mut client, &link, &format!("u{number}@example.com"), PASSWORD, PASSWORD).status;
            std::thread::spawn(send)
        })
        .collect();
    let mut statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().expect("it is answered")).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404, 404, 404, 404, 404, 404, 404]);
    assert_eq!(superusers(&data).lines().count(), 1);
}

#[test]
fn the_link_ends_when_there_is_a_superuser_from_elsewhere() {
    let (_folder, data) = new_folder();
    let server = Server::start(&data);
    let link = server.setup_path();
    claim(&data);
    let mut client = server.client();
    assert_eq!(client.get(&link).status, 404);
    assert_eq!(send_form(&mut client, &link, "eve@example.com", PASSWORD, PASSWORD).status, 404);
    assert_eq!(superusers(&data), format!("{EMAIL}\n"));
}

#[test]
fn the_configuration_can_name_the_first_superuser() {
    let (folder, data) = new_folder();
    let server = Server::start_with(&data, |command| {
        command.env("HOLDALL_SUPERUSER_EMAIL", EMAIL).env("HOLDALL_SUPERUSER_PASSWORD", PASSWORD);
    });
    assert!(!server.printed().contains("setup"), "{}", server.printed());
    assert!(server.token(EMAIL, PASSWORD).is_some());
    server.kill();

    // Later starts leave everything as it is, whatever is configured then.
    let secret = folder.path().join("secret");
    fs::write(&secret, "another password\n").expect("the folder is ours");
    let configure = |command: &mut std::process::Command| {
        command.env("HOLDALL_SUPERUSER_EMAIL", "new@example.com").env("HOLDALL_SUPERUSER_PASSWORD_FILE", &secret);
    };
    let server = Server::start_with(&data, configure);
    assert!(server.token(EMAIL, PASSWORD).is_some());
    assert!(server.token("new@example.com", "another password").is_none());
    server.kill();

    let other = folder.path().join("other");
    let server = Server::start_with(&other, configure);
    assert!(server.token("new@example.com", "another password").is_some());
}

#[test]
fn the_client_s_address_is_that_of_the_connection_unless_a_header_is_configured() {
    let (_folder, data) = new_folder();
    claim(&data);
    for (header, expect) in [(None, "127.0.0.1"), (Some("X-Real-IP"), "198.51.100.7")] {
        let server = Server::start_with(&data, |command| {
            command.envs(header.map(|name| ("HOLDALL_TRUSTED_PROXY_HEADERS", name)));
        });
        let token = server.token(EMAIL, PASSWORD).expect("the superuser can sign in");
        let mut client = server.client();
        let head = format!(
            "GET /api/health HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nX-Real-IP: 198.51.100.7\r\n\
             X-Forwarded-For: 203.0.113.9\r\n\r\n"
        );
        client.socket().write_all(head.as_bytes()).expect("it can be sent");
        let reply = client.read_reply(false).expect("it is answered");
        assert_eq!(reply.expect(200)["data"]["realIP"], expect, "{header:?}");
        server.kill();
    }
}

#[test]
fn a_first_superuser_that_cannot_be_made_is_an_error() {
    let (folder, data) = new_folder();
    for (variables, part) in [
        (vec![("HOLDALL_SUPERUSER_EMAIL", EMAIL)], "superuser_password"),
        (vec![("HOLDALL_SUPERUSER_EMAIL", "no address"), ("HOLDALL_SUPERUSER_PASSWORD", PASSWORD)], "email"),
        (vec![("HOLDALL_SUPERUSER_EMAIL", EMAIL), ("HOLDALL_SUPERUSER_PASSWORD", "short")], "password"),
        (vec![("HOLDALL_SUPERUSER_EMAIL", EMAIL), ("HOLDALL_SUPERUSER_PASSWORD_FILE", "/missing")], "/missing"),
    ] {
        let mut command = program(&data);
        command.args(["serve", "--http", "127.0.0.1:0"]).envs(variables);
        let message = run(&mut command).failed();
        assert!(message.contains(part) && !message.contains(PASSWORD), "{message}");
    }
    drop(folder);
}

/// How many records each collection of the demo has.
fn demo_counts(server: &Server) -> Vec<(String, u64)> {
    let mut root = server.superuser();
    let list = root.get("/api/collections?perPage=200&filter=system%3Dfalse&sort=name").expect(200);
    let names = list["items"].as_array().expect("a list").iter().filter_map(|c| Some(c["name"].as_str()?.to_owned()));
    let names: Vec<String> = names.collect();
    let count = |name: &String| root.get(&format!("/api/collections/{name}/records?perPage=1")).expect(200);
    names
        .iter()
        .map(count)
        .map(|list| list["totalItems"].as_u64().expect("a count"))
        .zip(names.clone())
        .map(|(count, name)| (name, count))
        .collect()
}

#[test]
fn the_demo_is_loaded_once() {
    let (_folder, data) = new_folder();
    let demo = |command: &mut std::process::Command| {
        command.arg("--demo");
    };
    let server = Server::start_with(&data, demo);
    assert!(server.printed().contains("ben@example.com"), "{}", server.printed());
    claim(&data);
    let counts = demo_counts(&server);
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    assert!(total > 300, "{counts:?}");
    for name in ["members", "categories", "tools", "loans", "reviews", "workshops", "tool_stats"] {
        assert!(counts.iter().any(|(other, count)| other == name && *count > 0), "{name} is empty: {counts:?}");
    }
    // Its people can sign in and see what its rules let them.
    let body = json!({"identity": "ben@example.com", "password": "tool-library"});
    let session = server.client().post("/api/collections/members/auth-with-password", &body).expect(200);
    let mut ben = server.client().with_token(session["token"].as_str().expect("a token"));
    let all =
        |client: &mut Client| client.get("/api/collections/loans/records?perPage=1").expect(200)["totalItems"].clone();
    let seen = (all(&mut server.client()), all(&mut ben), all(&mut server.superuser()));
    assert!(seen.0 == 0 && seen.1.as_u64() > Some(0) && seen.1.as_u64() < seen.2.as_u64(), "{seen:?}");

    // What was changed since is not put back by a second start.
    let loans = ben.get("/api/collections/reviews/records?perPage=1").expect(200);
    let review = loans["items"][0]["id"].as_str().expect("a record has an id").to_owned();
    server.superuser().request("DELETE", &format!("/api/collections/reviews/records/{review}"), None).expect(204);
    let counts = demo_counts(&server);
    server.kill();
    let server = Server::start_with(&data, demo);
    assert_eq!(demo_counts(&server), counts);
    server.kill();
    assert_eq!(demo_counts(&Server::start(&data)), counts);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let (_folder, data) = new_folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("a listener has an address").to_string();
    let message = holdall(&data, &["serve", "--http", &address]).failed();
    assert!(message.contains("can't listen"), "{message}");
    // The data folder is free again.
    assert_eq!(superusers(&data), "");
}

#[test]
fn sigterm_lets_requests_finish_and_keeps_everything() {
    let (_folder, data) = new_folder();
    claim(&data);
    let server = Server::start(&data);
    let fields = json!([{"name": "number", "type": "number"}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let mut client = server.client();
            let (first, has_begun) = std::sync::mpsc::channel();
            let write = move || {
                let mut ids = Vec::new();
                // Until the server closes the connection.
                while let Ok(reply) =
                    client.try_request("POST", "/api/collections/notes/records", Some(&json!({"number": ids.len()})))
                {
                    match reply.status {
                        200 => ids.push(reply.json()["id"].as_str().expect("an id").to_owned()),
                        // The server says that it is going.
                        _ => reply.expect_envelope(503),
                    }
                    // The test listens for the first one only.
                    let _ = first.send(());
                }
                ids
            };
            (std::thread::spawn(write), has_begun)
        })
        .collect();
    for (_, has_begun) in &threads {
        has_begun.recv().expect("a write is answered");
    }
    let (status, printed) = server.terminate();
    assert_eq!(status.code(), Some(0), "{printed}");
    let ids: Vec<String> = threads.into_iter().flat_map(|(thread, _)| thread.join().expect("it ends")).collect();
    assert!(ids.len() >= 8);
    let server = Server::start(&data);
    let mut client = server.client();
    let count = client.get("/api/collections/notes/records?perPage=1").expect(200)["totalItems"].clone();
    // A write may have been stored without its answer having got through.
    assert!(count.as_u64() >= Some(ids.len() as u64), "{count} records for {} acknowledgements", ids.len());
    for id in ids {
        client.get(&format!("/api/collections/notes/records/{id}")).expect(200);
    }
}
