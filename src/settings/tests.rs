//! Layering, unknown keys, wrong values, secrets: the configuration as a function of its sources.

use std::net::SocketAddr;
use std::path::Path;

use super::sources::FILE_NAME;
use super::{Flags, KEYS, Settings, Sources};

/// A file, some variables, and a part of the message that they must be refused with.
type Refused = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Sources made of a file's text and some variables, in a folder of their own.
struct Given {
    folder: tempfile::TempDir,
    sources: Sources,
}

fn given(file: &str, variables: &[(&str, &str)]) -> Given {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !file.is_empty() {
        std::fs::write(folder.path().join(FILE_NAME), file).expect("a writable folder");
    }
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sources = Sources { variables, folders: vec![folder.path().to_owned()], flags: Flags::default() };
    Given { folder, sources }
}

fn load(file: &str, variables: &[(&str, &str)]) -> Settings {
    Settings::load(&given(file, variables).sources).expect("a valid configuration")
}

/// Loads what must be refused and returns the message.
fn refused(file: &str, variables: &[(&str, &str)]) -> String {
    match Settings::load(&given(file, variables).sources) {
        Ok(_) => panic!("accepted: {file:?} {variables:?}"),
        Err(error) => error.to_string(),
    }
}

fn row(settings: &Settings, key: &str) -> (String, String) {
    let row = settings.rows().into_iter().find(|row| row.key == key).expect("a row for every key");
    (row.value, row.origin)
}

#[test]
fn without_any_source_the_defaults_hold() {
    let settings = load("", &[]);
    assert_eq!(settings.config.http.to_string(), "127.0.0.1:8090");
    assert_eq!(settings.config.data_dir, Path::new("holdall_data"));
    assert_eq!(settings.config.cors_origins, ["*"]);
    assert_eq!(settings.config.public_url, None);
    assert!(settings.config.readers >= 4);
    assert!(settings.rows().iter().all(|row| row.origin == "default"));
    assert!(settings.workers() >= 1 && settings.max_blocking() >= 1);
}

#[test]
fn stronger_sources_win_and_show_tells_which() {
    let mut given = given(
        "[holdall]\nreaders = 3\nwait_timeout_ms = 70\ncors_origins = [\"https://a.example\"]\ndata_dir = 'x'\n",
        &[("HOLDALL_WAIT_TIMEOUT_MS", "80"), ("HOLDALL_DATA_DIR", "y"), ("HOLDALL_CORS_ORIGINS", "a, b")],
    );
    given.sources.flags.data = Some("z".into());
    let settings = Settings::load(&given.sources).expect("a valid configuration");
    let file = given.folder.path().join(FILE_NAME).display().to_string();
    assert_eq!(row(&settings, "readers"), ("3".into(), file));
    assert_eq!(row(&settings, "wait_timeout_ms"), ("80".into(), "HOLDALL_WAIT_TIMEOUT_MS".into()));
    assert_eq!(row(&settings, "cors_origins"), ("a, b".into(), "HOLDALL_CORS_ORIGINS".into()));
    assert_eq!(row(&settings, "data_dir"), ("z".into(), "--data".into()));
    assert_eq!(settings.config.data_dir, Path::new("z"));
    assert_eq!(settings.config.wait_timeout_ms, 80);
    assert_eq!(settings.config.cors_origins, ["a", "b"]);
}

#[test]
fn the_address_follows_rockets_keys_and_ours() {
    let http = |file: &str, variables: &[(&str, &str)]| load(file, variables).config.http.to_string();
    assert_eq!(http("[default]\nport = 9000\n", &[]), "127.0.0.1:9000");
    assert_eq!(http("[holdall]\nhttp = '0.0.0.0:1'\n", &[]), "0.0.0.0:1");
    assert_eq!(http("[holdall]\nhttp = '0.0.0.0:1'\n[default]\nport = 9\n", &[]), "0.0.0.0:1");
    assert_eq!(http("[holdall]\nhttp = '0.0.0.0:1'\n", &[("ROCKET_PORT", "2")]), "0.0.0.0:2");
    assert_eq!(http("[default]\nport = 9000\n", &[("HOLDALL_HTTP", "[::1]:3")]), "[::1]:3");

    let mut given = given("[default]\nport = 9000\n", &[("ROCKET_PORT", "2")]);
    given.sources.flags.http = Some(SocketAddr::from(([1, 2, 3, 4], 5)));
    let settings = Settings::load(&given.sources).expect("a valid configuration");
    assert_eq!(row(&settings, "http"), ("1.2.3.4:5".into(), "--http".into()));
    let mixed = load("", &[("ROCKET_PORT", "2")]);
    assert_eq!(row(&mixed, "http").1, "default for the address, ROCKET_PORT for the port");
}

#[test]
fn rockets_profiles_and_tables_reach_rocket() {
    let file = "[default]\nworkers = 3\nlimits = { json = '1MiB' }\n[special]\nworkers = 5\n";
    let settings = load(file, &[("ROCKET_PROFILE", "special"), ("ROCKET_KEEP_ALIVE", "7")]);
    assert_eq!(settings.workers(), 5);
    assert_eq!(row(&settings, "rocket.limits").0, "{ json = 1MiB }");
    assert_eq!(row(&settings, "rocket.keep_alive"), ("7".into(), "ROCKET_KEEP_ALIVE".into()));
    assert_eq!(settings.rocket().extract_inner::<u32>("keep_alive").expect("a number"), 7);
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let cases: &[Refused] = &[
        ("[holdall]\nreader = 3\n", &[], "no key `reader` in [holdall]. The nearest known one is `readers`."),
        ("[default]\nprot = 3\n", &[], "no key `prot` in [default]. The nearest known one is `port`."),
        ("[default]\nreaders = 3\n", &[], "It belongs in [holdall]."),
        ("[hodall]\nreaders = 3\n", &[], "no table [hodall]. The nearest known one is `holdall`."),
        ("readers = 3\n", &[], "`readers` must stand in a table"),
        ("", &[("HOLDALL_DATADIR", "x")], "HOLDALL_DATADIR sets nothing. The nearest known one is `HOLDALL_DATA_DIR`."),
        ("", &[("ROCKET_PROT", "1")], "ROCKET_PROT sets nothing. The nearest known one is `ROCKET_PORT`."),
    ];
    for (file, variables, expect) in cases {
        let message = refused(file, variables);
        assert!(message.contains(expect), "{message}");
    }
}

#[test]
fn wrong_values_are_refused_by_the_name_of_their_source() {
    let cases: &[Refused] = &[
        ("[holdall]\nreaders = 'many'\n", &[], "`readers` in [holdall] must be a whole number from 0 to 256."),
        ("[holdall\n", &[], "isn't valid TOML"),
        ("", &[("HOLDALL_LOG_LEVEL", "loud")], "HOLDALL_LOG_LEVEL must be one of off, error"),
        ("", &[("HOLDALL_HTTP", "8090")], "HOLDALL_HTTP must be an address and a port"),
        ("", &[("ROCKET_PORT", "99999")], "ROCKET_PORT: Rocket's key `port` must be"),
        ("", &[("ROCKET_ADDRESS", "localhost")], "ROCKET_ADDRESS: Rocket's key `address` must be"),
        ("", &[("HOLDALL_SUPERUSER_EMAIL", "a@b.c")], "superuser_email needs superuser_password"),
        ("", &[("HOLDALL_WAL_HARD_LIMIT_MB", "1")], "can't be smaller"),
        ("", &[("HOLDALL_FORWARD_AUTH_DOMAIN", "example.com")], "forward_auth_domain needs a public_url"),
        (
            "[holdall]\npublic_url = 'https://auth.example.com.evil.example'\n",
            &[("HOLDALL_FORWARD_AUTH_DOMAIN", "example.com")],
            "forward_auth_domain needs a public_url",
        ),
        (
            "[holdall]\npublic_url = 'https://auth.example.com'\n",
            &[("HOLDALL_FORWARD_AUTH_DOMAIN", "https://example.com")],
            "forward_auth_domain must be a domain",
        ),
        ("", &[("HOLDALL_DATA_DIR", "")], "data_dir can't be empty"),
        ("", &[("ROCKET_CONFIG", "/nowhere/Rocket.toml")], "can't be read"),
    ];
    for (file, variables, expect) in cases {
        let message = refused(file, variables);
        assert!(message.contains(expect), "{message}");
    }
    let all = refused("[holdall]\nreaders = 'many'\n", &[("HOLDALL_HTTP", "8090")]);
    assert_eq!(all.lines().count(), 2, "every problem is told at once: {all}");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("password");
    std::fs::write(&path, "12345678 \n").expect("a writable folder");
    let path = path.to_str().expect("a UTF-8 path");
    let settings = load("", &[("HOLDALL_SUPERUSER_EMAIL", "a@b.c"), ("HOLDALL_SUPERUSER_PASSWORD_FILE", path)]);
    let (email, password) = settings.config.first_superuser().expect("both are set");
    assert_eq!((email, password.expose()), ("a@b.c", "12345678 "));
    assert_eq!(row(&settings, "superuser_password"), ("********".into(), "HOLDALL_SUPERUSER_PASSWORD_FILE".into()));
    assert!(!format!("{:?}", settings.config).contains("12345678"));

    let both = [("HOLDALL_SUPERUSER_PASSWORD", "x"), ("HOLDALL_SUPERUSER_PASSWORD_FILE", path)];
    assert!(refused("", &both).contains("set only one of them"));
    assert!(refused("", &[("HOLDALL_SUPERUSER_PASSWORD_FILE", "/nowhere")]).contains("can't be read"));
}

#[test]
fn variables_of_test_suites_are_not_keys() {
    load("", &[("HOLDALL_BIN", "target/debug/holdall"), ("HOLDALL_TEST_ROUNDS", "3")]);
}

#[test]
fn the_base_url_can_be_opened() {
    let url = |variables: &[(&str, &str)]| load("", variables).config.base_url();
    assert_eq!(url(&[]), "http://127.0.0.1:8090");
    assert_eq!(url(&[("HOLDALL_HTTP", "0.0.0.0:80")]), "http://127.0.0.1:80");
    assert_eq!(url(&[("HOLDALL_HTTP", "[::]:80")]), "http://[::1]:80");
    assert_eq!(url(&[("HOLDALL_PUBLIC_URL", "https://a.example/")]), "https://a.example");
}

#[test]
fn https_decides_where_the_server_listens_and_what_its_address_is() {
    let config = |variables: &[(&str, &str)]| load("", variables).config;
    let plain = |variables: &[(&str, &str)]| config(variables).plain_socket().map(|socket| socket.to_string());
    let domains = ("HOLDALL_DOMAINS", "example.org, www.example.org");
    assert_eq!(config(&[domains]).base_url(), "https://example.org");
    assert_eq!(plain(&[domains]).as_deref(), Some("[::]:80"));
    let moved = [domains, ("HOLDALL_HTTPS", "0.0.0.0:8443"), ("HOLDALL_HTTP", "0.0.0.0:8080")];
    assert_eq!(config(&moved).base_url(), "https://example.org:8443");
    assert_eq!(plain(&moved).as_deref(), Some("0.0.0.0:8080"));
    let files = [
        ("HOLDALL_TLS_CERT_FILE", "c"),
        ("HOLDALL_TLS_KEY_FILE", "k"),
        ("HOLDALL_PUBLIC_URL", "https://a.example"),
        ("HOLDALL_HTTPS", "0.0.0.0:8443"),
    ];
    assert!(config(&files).is_https() && plain(&files).is_none());
    for (variables, has_front) in [
        (&[][..], false),
        (&[("HOLDALL_FRONT", "always")], true),
        (&[("HOLDALL_HTTP", "0.0.0.0:80")], true),
        (&[("HOLDALL_HTTP", "0.0.0.0:80"), ("HOLDALL_FRONT", "never")], false),
        (&[domains], true),
    ] {
        assert_eq!(config(variables).has_front(), has_front, "{variables:?}");
    }
}

#[test]
fn what_does_not_go_together_with_https_is_refused() {
    let domains = ("HOLDALL_DOMAINS", "example.org");
    let files = [("HOLDALL_TLS_CERT_FILE", "c"), ("HOLDALL_TLS_KEY_FILE", "k")];
    for (variables, part) in [
        (vec![files[0]], "need each other"),
        (files.to_vec(), "needs public_url"),
        ([&files[..], &[domains]].concat(), "exclude each other"),
        (vec![domains, ("HOLDALL_FRONT", "never")], "needs the front"),
        (vec![domains, ("HOLDALL_PUBLIC_URL", "http://example.org")], "must begin with https://"),
        (vec![domains, ("HOLDALL_HTTPS", "0.0.0.0:8443")], "ACME asks there"),
        (vec![("HOLDALL_DOMAINS", "*.example.org")], "full names"),
        (vec![("HOLDALL_DOMAINS", "localhost")], "full names"),
        (vec![("HOLDALL_DOMAINS", "192.0.2.1")], "full names"),
        (vec![("HOLDALL_CONNECTIONS_EXEMPT", "10.0.0.0/8, nonsense")], "CONNECTIONS_EXEMPT must be a list of IP"),
    ] {
        let message = refused("", &variables);
        assert!(message.contains(part), "{variables:?}: {message}");
    }
}

/// The file at the top of the repository shows every key with its default, commented out.
#[test]
fn the_sample_file_lists_every_key_with_its_default() {
    let sample = include_str!("../../Rocket.toml");
    assert!(load(sample, &[]).rows().iter().all(|row| row.origin == "default"));
    let is_key =
        |line: &&str| line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    let (commented, others): (Vec<&str>, Vec<&str>) = sample.lines().partition(is_key);
    assert_eq!(others.iter().filter(|line| line.contains(" = ")).count(), 0, "nothing is set");
    let ours: Vec<&str> = commented.iter().filter_map(|line| line[1..].split(" = ").next()).collect();
    for key in KEYS {
        assert!(ours.contains(&key.name), "{} is missing in Rocket.toml", key.name);
    }
    let uncommented: String =
        sample.lines().map(|line| format!("{}\n", if is_key(&line) { &line[1..] } else { line })).collect();
    let (plain, written) = (load("", &[]), load(&uncommented, &[]));
    for row in plain.rows().iter().filter(|row| !row.key.starts_with("rocket.")) {
        assert_eq!(
            written.rows().iter().find(|other| other.key == row.key).map(|other| &other.value),
            Some(&row.value)
        );
    }
}
