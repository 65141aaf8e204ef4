//! The server as a service of systemd: its unit, how systemd judges it, and that it says when it is ready.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use super::server::{Ended, Server, holdall, program, run};

/// The program as somebody installs it: where a service could see it.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new() -> Installed {
        // Services have temporary folders of their own, so the program mustn't lie in one.
        let target = Path::new(env!("CARGO_BIN_EXE_holdall")).parent().expect("it lies in a folder");
        let visible = !["/tmp", "/home", "/root"].iter().any(|folder| target.starts_with(folder));
        let folder = match visible {
            true => tempfile::tempdir_in(target),
            false => tempfile::tempdir_in("/var/lib"),
        };
        let folder = folder.expect("a temporary folder");
        let copy = folder.path().join("holdall");
        fs::hard_link(env!("CARGO_BIN_EXE_holdall"), &copy)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_holdall"), &copy).map(|_| ()))
            .expect("it can be copied");
        Installed { folder }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(Command::new(self.folder.path().join("holdall")).args(arguments).env("NO_COLOR", "1"))
    }

    fn unit(&self, arguments: &[&str]) -> String {
        self.run(&[&["service", "install", "--print"], arguments].concat()).ok()
    }
}

/// Runs a program of systemd.
fn systemd(arguments: &[&str]) -> Ended {
    run(Command::new("systemd-analyze").args(arguments).env("SYSTEMD_COLORS", "0"))
}

#[test]
fn systemd_understands_the_unit_and_finds_little_to_fear() {
    let installed = Installed::new();
    let config = installed.folder.path().join("Rocket.toml").display().to_string();
    for arguments in [
        &[][..],
        &["--http", "0.0.0.0:443"],
        &["--data", "/srv/holdall", "--config", &config],
        &["--data", "/home/ada/data", "--user", "ada"],
    ] {
        let unit = installed.folder.path().join("holdall.service");
        // systemd looks for the user, and there is none before it is installed.
        let text = installed.unit(arguments).replace("User=holdall", "User=root").replace("User=ada", "User=root");
        fs::write(&unit, text).expect("it can be written");
        let path = unit.to_str().expect("UTF-8");
        let verified = systemd(&["verify", "--recursive-errors=no", path]);
        assert!(
            verified.status.success() && !verified.stderr.contains("holdall.service"),
            "{arguments:?}: {verified:?}"
        );

        // From 0 (safe) to 10: below 2 it is "OK". Of root it would say more; so it is asked about another user.
        let text = fs::read_to_string(&unit).expect("it can be read").replace("User=root", "User=nobody");
        fs::write(&unit, text).expect("it can be written");
        let judged = systemd(&["security", "--offline=true", "--threshold=20", "--no-pager", path]);
        assert!(judged.status.success(), "{arguments:?}: {judged:?}");
    }
}

#[test]
fn a_service_is_installed_and_removed_in_the_root_of_another_system() {
    let installed = Installed::new();
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(root.path().join("etc")).expect("it can be made");
    let place = format!("--root={}", root.path().display());
    let unit = root.path().join("etc/systemd/system/holdall.service");
    let said = installed.run(&["service", "install", &place, "--http", "127.0.0.1:9000"]).ok();
    assert!(said.contains("/var/lib/holdall"), "{said}");
    assert_eq!(fs::read_to_string(&unit).expect("it was written"), installed.unit(&["--http", "127.0.0.1:9000"]));
    let wanted = root.path().join("etc/systemd/system/multi-user.target.wants/holdall.service");
    assert!(fs::symlink_metadata(&wanted).is_ok(), "it begins with the machine");
    let users = fs::read_to_string(root.path().join("etc/passwd")).expect("there is a user");
    assert!(users.contains("holdall:"), "{users}");

    // Again, with other flags.
    installed.run(&["service", "install", &place, "--data", "/srv/holdall"]).ok();
    assert!(fs::read_to_string(&unit).expect("it was written").contains("ReadWritePaths=/srv/holdall"));
    let said = installed.run(&["service", "uninstall", &place]).ok();
    assert!(said.contains("the data is in /srv/holdall"), "{said}");
    assert!(!unit.exists() && fs::symlink_metadata(&wanted).is_err());
    let refused = installed.run(&["service", "uninstall", &place]).failed();
    assert!(refused.contains("There is no service holdall"), "{refused}");

    // A unit that somebody else has written stays as it is.
    fs::write(&unit, "[Service]\nExecStart=/bin/true\n").expect("it can be written");
    for command in ["install", "uninstall"] {
        let refused = installed.run(&["service", command, &place]).failed();
        assert!(refused.contains("wasn't made by this program"), "{refused}");
    }
    assert_eq!(fs::read_to_string(&unit).expect("it is there"), "[Service]\nExecStart=/bin/true\n");
}

#[test]
fn only_root_installs_services() {
    let installed = Installed::new();
    let file = installed.folder.path().join("holdall");
    let open = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    };
    open(installed.folder.path());
    open(&file);
    // As root, the test becomes somebody else; otherwise it is that already.
    let mut command = match run(Command::new("id").arg("-u")).ok().trim() {
        "0" => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&file);
            command
        }
        _ => Command::new(&file),
    };
    let refused = run(command.args(["service", "install"]).current_dir("/")).failed();
    assert!(refused.contains("Only root may install services"), "{refused}");
}

#[test]
fn a_program_that_a_service_would_not_see_is_not_installed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("holdall");
    fs::copy(env!("CARGO_BIN_EXE_holdall"), &copy).expect("it can be copied");
    let refused = run(Command::new(&copy).args(["service", "install", "--print"])).failed();
    assert!(refused.contains("install -m 755"), "{refused}");
}

#[test]
fn systemd_hears_when_the_server_is_ready_and_when_it_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("it can be bound");
    let received = || {
        let mut bytes = [0; 100];
        let count = socket.recv(&mut bytes).expect("something was sent");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let data = folder.path().join("data");
    let server = Server::start_with(&data, |command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    assert_eq!(received(), "READY=1");
    assert_eq!(server.terminate().0.code(), Some(0));
    assert_eq!(received(), "STOPPING=1");
}

#[test]
fn the_health_of_a_server_is_an_exit_status() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let address = server.address.to_string();
    assert_eq!(holdall(&data, &["health", "--http", &address]).ok(), "The server is healthy.\n");
    let elsewhere = run(program(&data).arg("health").env("HOLDALL_HTTP", &address));
    assert_eq!(elsewhere.ok(), "The server is healthy.\n");
    server.terminate();
    let failed = holdall(&data, &["health", "--http", &address]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(failed.failed().contains("No server answers"));
}
